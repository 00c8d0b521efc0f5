"""Regularised (aging) evolution (Real et al. 2019, algorithm 1; AE in the paper's section 4.3)."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from typing import Generic, TypeVar

from croze.errors import CrozeError
from croze.search.base import Moves

A = TypeVar("A")


class RegularisedEvolution(Generic[A]):
    """A queue of the latest architectures; the best of a random few has a child, the oldest dies.

    Args:
        moves: samples the first population, mutates parents.
        seed: of every draw.
        population: length of the queue, P.
        tournament: number of members drawn for each parent, S.

    Raises:
        CrozeError: unless 1 <= tournament <= population.
    """

    def __init__(self, moves: Moves[A], seed: int, population: int = 50, tournament: int = 10) -> None:
        if not 1 <= tournament <= population:
            raise CrozeError(
                f"Evolution needs 1 <= tournament <= population, got tournament {tournament}, "
                f"population {population}."
            )
        self._moves = moves
        self._rng = random.Random(seed)
        self._size = population
        self._tournament = tournament
        self._population: deque[tuple[A, float]] = deque(maxlen=population)

    def ask(self) -> A:
        """A random architecture until the population is full, then the mutated winner of a tournament."""
        if len(self._population) < self._size:
            return self._moves.sample(self._rng)
        drawn = self._rng.sample(list(self._population), self._tournament)
        parent, _ = max(drawn, key=lambda member: member[1])
        return self._moves.mutate(parent, self._rng)

    def tell(self, architecture: A, value: float | None) -> None:
        """Joins the population, whose oldest member leaves; a failed architecture does not join."""
        if value is not None:
            self._population.append((architecture, value))

    def revise(self, values: Mapping[A, float]) -> None:
        """Members keep their age and take on their new scores."""
        for place, (architecture, value) in enumerate(self._population):
            self._population[place] = (architecture, values.get(architecture, value))
