"""The search spaces by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from croze.errors import CrozeError
from croze.spaces.base import Space
from croze.spaces.darts import Darts
from croze.spaces.darts_released import DartsReleased
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasnet import NASNet
from croze.spaces.robnet import RobNet
from croze.spaces.user import is_user_spec, open_user_space

SPACES: Mapping[str, Callable[..., Space[Any]]] = {
    "nasbench201": NASBench201,
    "darts": Darts,
    "darts-released": DartsReleased,
    "nasnet": NASNet,
    "robnet": RobNet,
}

__all__ = ["SPACES", "Space", "open_space"]


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
    return with_settings(SPACES[name], name, settings)


def with_settings(factory: Callable[..., Space[Any]], name: str, settings: Mapping[str, Any]) -> Space[Any]:
    """What the factory makes with these settings, but for those that are None.

    Raises:
        CrozeError: for a setting that the factory does not take.
    """
    given = {key: value for key, value in settings.items() if value is not None}
    takes = list(inspect.signature(factory).parameters)
    for key in given:
        if key not in takes:
            raise CrozeError(
                f"The space {name} has no {key}; what it has is {', '.join(takes) or 'nothing'}."
            )
    return factory(**given)
