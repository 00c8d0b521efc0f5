"""Random search (RAND in the paper's section 4.3)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Generic, TypeVar

from croze.searching.strategies.base import Merits, Moves

A = TypeVar("A")


class RandomSearch(Generic[A]):
    """Independent samples of the space."""

    several = True

    def __init__(self, moves: Moves[A], seed: int) -> None:
        self._moves = moves
        self._rng = random.Random(seed)

    def ask(self) -> A:
        return self._moves.sample(self._rng)

    def tell(self, architecture: A, merits: Merits | None) -> None:
        """Merits change nothing."""

    def revise(self, merits: Mapping[A, Merits]) -> None:
        """Neither do new ones."""
