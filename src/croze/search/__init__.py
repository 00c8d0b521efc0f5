"""Search strategies by name: they see moves and scores, never a network or a proxy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from croze.errors import CrozeError
from croze.search.base import Algorithm, Moves
from croze.search.evolution import RegularisedEvolution
from croze.search.random_search import RandomSearch

A = TypeVar("A")

ALGORITHMS: Mapping[str, Callable[..., Algorithm[Any]]] = {
    "evolution": RegularisedEvolution,
    "random": RandomSearch,
}

__all__ = ["ALGORITHMS", "Algorithm", "Moves", "RandomSearch", "RegularisedEvolution", "make_algorithm"]


def make_algorithm(name: str, moves: Moves[A], seed: int, **settings: Any) -> Algorithm[A]:
    """The strategy of this name with its own settings.

    Raises:
        CrozeError: for an unknown name; the message lists the known ones.
    """
    if name not in ALGORITHMS:
        raise CrozeError(f"Unknown algorithm {name!r}; the known ones are {', '.join(ALGORITHMS)}.")
    return ALGORITHMS[name](moves, seed, **settings)
