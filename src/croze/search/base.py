"""What a search strategy is: it asks and is told, and knows no network and no proxy."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol, TypeVar

A = TypeVar("A")


class Moves(Protocol[A]):
    """The part of a space that a strategy sees."""

    def sample(self, rng: random.Random) -> A:
        """A random architecture."""
        ...

    def mutate(self, architecture: A, rng: random.Random, /) -> A:
        """A random neighbour."""
        ...


class Algorithm(Protocol[A]):
    """Proposes architectures, learns their scores. Deterministic given its seed and the order of the calls.

    Several architectures may be asked for before the first of them is told; some may never be told, because
    they were known already or broke a constraint.
    """

    def ask(self) -> A:
        """The next proposal."""
        ...

    def tell(self, architecture: A, value: float | None) -> None:
        """The score of a proposal, higher being better; None when it has none."""
        ...

    def revise(self, values: Mapping[A, float]) -> None:
        """New scores of architectures that were told before: ranks move as more become known."""
        ...
