"""A space of the user's own, named as `my_file.py:MySpace`, and what identifies one in a store."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Mapping
from typing import Any, cast

from croze.errors import CrozeError
from croze.files import article
from croze.spaces.base import Space
from croze.user_code import call, digest_of, file_of, find_module

METHODS = ("parse", "sample", "mutate", "neighbours", "canonical", "build", "export")
"""What a space can do; beside them it has a `name` and its `flavours`."""


def is_user_spec(text: str) -> bool:
    """Whether this names a space in a file or module rather than one of the package's."""
    return ":" in text


def open_user_space(spec: str, **settings: Any) -> Space[Any]:
    """The space that the text names: a class or a function, called with the settings, or a space itself.

    Its file is imported under its own name, so that the space can be sent to worker processes.

    Args:
        spec: `path/to/my_file.py:MySpace`, the same without `.py`, or `package.module:MySpace`.
        settings: fields of the class or arguments of the function; those that are None stay at their default.

    Raises:
        CrozeError: when the file or the name is missing, the file cannot be run, a setting is unknown or
            missing, or what comes back is no space.
    """
    path, colon, name = spec.rpartition(":")
    if not colon or not path.strip() or not name.isidentifier():
        raise CrozeError(f"A space of your own is named as FILE.py:CLASS, got {spec!r}.")
    module = find_module(path.strip())
    absent = object()
    named = getattr(module, name, absent)
    if named is absent:
        raise CrozeError(f"{path} has no {name!r}; {_offered(module, path)}.")
    if isinstance(named, type) or (callable(named) and not hasattr(named, "sample")):
        made = call(named, f"{name}() of {path}", **given_settings(named, name, settings))
    else:
        made = named
        given = [setting for setting, value in settings.items() if value is not None]
        if given:
            raise CrozeError(
                f"{spec} is a space that is made already and takes no settings, got {', '.join(given)}: "
                "name its class instead."
            )
    check_protocol(made, spec)
    space = cast(Space[Any], made)
    call(lambda: space.sample(random.Random(0)), f"sample() of {spec}")  # mistakes show here, not in workers
    return space


def check_protocol(thing: object, label: str) -> None:
    """Raise a CrozeError for the first part of the `Space` protocol that this lacks."""
    kind = type(thing).__name__
    for method in METHODS:
        if not callable(getattr(thing, method, None)):
            raise CrozeError(
                f"{label} is no space: {article(kind)} has no method {method}(); "
                "croze.spaces.base.Space lists what a space has."
            )
    name, flavours = getattr(thing, "name", None), getattr(thing, "flavours", None)
    if not isinstance(name, str) or not name:
        raise CrozeError(f"{label} is no space: its name must be a text, got {name!r}.")
    if not isinstance(flavours, tuple) or not flavours or not all(isinstance(f, str) for f in flavours):
        raise CrozeError(f"{label} is no space: its flavours must be a tuple of names, got {flavours!r}.")


def space_identity(space: Space[Any]) -> str:
    """What a score of one of its networks depends on: the settings, and of a user's space its code as well.

    The code counts by the SHA-256 of the file and of what that imports from its folder, so an edit makes
    another space of it.
    """
    digest = space_digest(space)
    return f"{space!r} sha256:{digest}" if digest else repr(space)


def space_digest(space: Space[Any]) -> str:
    """SHA-256 of the code of a user's space; empty for the package's own, and for one without a file."""
    module = type(space).__module__
    if module.split(".")[0] == "croze" or module not in sys.modules:
        return ""
    return digest_of(sys.modules[module])


def spec_of(space: Space[Any]) -> str | None:
    """`FILE.py:CLASS` or `package.module:CLASS` of a user's space; None where its class stands in no file."""
    kind = type(space)
    module = sys.modules.get(kind.__module__)
    if kind.__qualname__ != kind.__name__ or module is None or file_of(module) is None:
        return None
    dotted = "." in kind.__module__
    return f"{kind.__module__ if dotted else file_of(module)}:{kind.__name__}"


def given_settings(factory: Any, label: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are not None; a CrozeError for one that the factory does not take, or lacks."""
    given = {setting: value for setting, value in settings.items() if value is not None}
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:  # written in C
        return given
    takes = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    has = f"it has {', '.join(takes)}" if takes else "it has none"
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        for setting in given:
            if setting not in takes:
                raise CrozeError(f"{label} has no setting {setting!r}; {has}.")
    for parameter in parameters:
        if parameter.name in takes and parameter.default is parameter.empty and parameter.name not in given:
            raise CrozeError(f"{label} needs the setting {parameter.name!r}, which was not given.")
    return given


def _offered(module: Any, path: str) -> str:
    """The classes of the module that may have been meant."""
    own = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and all(callable(getattr(value, method, None)) for method in METHODS)
    ]
    return f"the spaces it has are {', '.join(own)}" if own else f"{path} has no class that is a space"
