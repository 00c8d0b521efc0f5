"""The search spaces by name."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, NotRequired, TypedDict

from croze.errors import CrozeError
from croze.spaces.base import Space
from croze.spaces.darts import Darts
from croze.spaces.darts_released import DartsReleased
from croze.spaces.macro import Macro
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasnet import NASNet
from croze.spaces.nats_size import NATSSize
from croze.spaces.robnet import RobNet
from croze.spaces.user import given_settings, is_user_spec, open_user_space, space_digest, spec_of

SPACES: Mapping[str, Callable[..., Space[Any]]] = {
    "nasbench201": NASBench201,
    "darts": Darts,
    "darts-released": DartsReleased,
    "nasnet": NASNet,
    "nats-sss": NATSSize,
    "macro": Macro,
    "robnet": RobNet,
}


class SpaceContent(TypedDict):
    """What `space_to_json` writes."""

    name: str
    settings: dict[str, Any] | None
    spec: NotRequired[str | None]
    sha256: NotRequired[str]


__all__ = [
    "SPACES",
    "Space",
    "SpaceContent",
    "hashable",
    "image_channels",
    "open_space",
    "space_from_json",
    "space_to_json",
]


def open_space(name: str, **settings: Any) -> Space[Any]:
    """The space of this name.

    >>> import random
    >>> space = open_space("nasbench201", channels=8, cells=1)
    >>> architecture = space.sample(random.Random(0))
    >>> space.parse(str(architecture)) == architecture
    True
    >>> network = space.build(architecture, classes=10, seed=0)

    Args:
        name: one of `SPACES`, or `FILE.py:CLASS` for one of the user's own.
        settings: its own, such as `channels`; those that are None stay at the space's default.

    Raises:
        CrozeError: for an unknown name or setting; the message lists the known ones.
    """
    if is_user_spec(name):
        return open_user_space(name, **settings)
    if name not in SPACES:
        raise CrozeError(
            f"Unknown space {name!r}; the known ones are {', '.join(SPACES)}, and FILE.py:CLASS for your own."
        )
    return SPACES[name](**given_settings(SPACES[name], f"The space {name}", settings))


def image_channels(space: Space[Any]) -> int | None:
    """The channels of images that networks of a space take: 3 in this package, None for a user's space."""
    return 3 if type(space) is SPACES.get(space.name) else None


def space_to_json(space: Space[Any]) -> dict[str, Any]:
    """What `space_from_json` opens the space from again, JSON-ready.

    A space of the package is its name and its settings. A user's space is also the file or module of its
    class, with the SHA-256 of its code; `settings` is None where they are no fields of a dataclass, and
    `spec` None where the class stands in no file.
    """
    named = {"name": space.name, "settings": _settings_of(space)}
    if type(space) is SPACES.get(space.name):
        return named
    return {**named, "spec": spec_of(space), "sha256": space_digest(space)}


def space_from_json(content: Mapping[str, Any]) -> Space[Any]:
    """The space that `space_to_json` described; a user's file is run.

    Raises:
        CrozeError: when this is no such description, or a user's space cannot be opened or has changed since.
    """
    try:
        name, settings = content["name"], content["settings"]
        given = {key: hashable(value) for key, value in (settings or {}).items()}
        spec = content.get("spec", name)
    except (KeyError, TypeError, AttributeError) as problem:
        raise CrozeError(f"This describes no search space ({type(problem).__name__}: {problem}).") from None
    if spec is None or settings is None:
        raise CrozeError(
            f"The space {name} cannot be opened from what is known of it: it is no dataclass in a file "
            "of its own. Open it yourself and pass it as `space`."
        )
    space = open_space(str(spec), **given)
    if "spec" in content and space_digest(space) != content["sha256"]:
        raise CrozeError(f"The code of the space {name} in {spec} has changed since.")
    return space


def _settings_of(space: Space[Any]) -> dict[str, Any] | None:
    """By name; None where they are not known or cannot be written as JSON."""
    if not dataclasses.is_dataclass(space):
        parameters = inspect.signature(type(space)).parameters.values()
        return None if any(p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters) else {}
    settings = {field.name: getattr(space, field.name) for field in dataclasses.fields(space) if field.init}
    try:
        return {key: json.loads(json.dumps(value, allow_nan=False)) for key, value in settings.items()}
    except (TypeError, ValueError):
        return None


def hashable(value: Any) -> Any:
    """A list of JSON as the tuple that a frozen dataclass holds."""
    return tuple(map(hashable, value)) if isinstance(value, list) else value
