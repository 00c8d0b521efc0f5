"""The search spaces by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from croze.errors import CrozeError
from croze.spaces.base import Space
from croze.spaces.nasbench201 import NASBench201

SPACES: Mapping[str, Callable[..., Space[Any]]] = {"nasbench201": NASBench201}

__all__ = ["SPACES", "Space", "open_space"]


def open_space(name: str, **settings: Any) -> Space[Any]:
    """The space of this name; settings are its own (`channels` and `cells` of nasbench201).

    Raises:
        CrozeError: for an unknown name; the message lists the known ones.
    """
    if name not in SPACES:
        raise CrozeError(f"Unknown space {name!r}; the known ones are {', '.join(SPACES)}.")
    return SPACES[name](**settings)
