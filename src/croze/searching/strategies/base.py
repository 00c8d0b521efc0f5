"""What a search strategy is: it asks and is told, and knows no network and no proxy."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

A = TypeVar("A")

Merits = tuple[float, ...]
"""One number an objective, turned so that higher is better; a search by one objective has one."""

Guide = Callable[[Sequence[A]], Sequence[float | None]]
"""A cheap opinion of many architectures at once, higher being better; None for one that it has none of."""


class Moves(Protocol[A]):
    """The part of a space that a strategy sees."""

    def sample(self, rng: random.Random) -> A:
        """A random architecture."""
        ...

    def mutate(self, architecture: A, rng: random.Random, /) -> A:
        """A random neighbour."""
        ...

    def neighbours(self, architecture: A, /) -> Sequence[A]:
        """Everything one move away."""
        ...


class Algorithm(Protocol[A]):
    """Proposes architectures, learns their scores. Deterministic given its seed and the order of the calls.

    Several architectures may be asked for before the first of them is told; some may never be told, because
    they were known already or broke a constraint.
    """

    several: bool
    """Whether it weighs several objectives; the others look at one."""

    def ask(self) -> A:
        """The next proposal."""
        ...

    def tell(self, architecture: A, merits: Merits | None) -> None:
        """The merits of a proposal; None when it has none."""
        ...

    def revise(self, merits: Mapping[A, Merits]) -> None:
        """New merits of architectures that were told before: ranks move as more become known."""
        ...
