"""Regularised (aging) evolution (Real et al. 2019, algorithm 1; AE in the paper's section 4.3)."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from typing import Generic, TypeVar

from croze.errors import CrozeError
from croze.searching.strategies.base import Fresh, Merits, Moves

A = TypeVar("A")


class AgingPopulation(ABC, Generic[A]):
    """A queue of the latest architectures with their merits; a subclass says how they have children."""

    several = False

    def __init__(self, moves: Moves[A], seed: int, population: int) -> None:
        if population < 1:
            raise CrozeError(f"A population needs at least 1 architecture, got {population}.")
        self._moves = moves
        self._rng = random.Random(seed)
        self._fresh = Fresh(moves, self._rng)
        self._size = population
        self._population: deque[tuple[A, float]] = deque(maxlen=population)

    @abstractmethod
    def child(self) -> A | None:
        """A proposal made of the full population; None when it has no more to give."""

    def ask(self) -> A:
        """A random architecture until the population is full, then a child that was not asked for before."""
        if len(self._population) < self._size:
            return self._fresh.sample()
        return self._fresh.propose(self.child)

    def tell(self, architecture: A, merits: Merits | None) -> None:
        """Joins the population, whose oldest member leaves; a failed architecture does not join."""
        self._fresh.told(architecture)
        if merits is not None:
            self._population.append((architecture, merits[0]))

    def revise(self, merits: Mapping[A, Merits]) -> None:
        """Members keep their age and take on their new merits."""
        for place, (architecture, _) in enumerate(self._population):
            found = merits.get(architecture)
            if found is not None:
                self._population[place] = (architecture, found[0])


class RegularisedEvolution(AgingPopulation[A]):
    """A queue of the latest architectures; the best of a random few has a child, the oldest dies.

    Args:
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
        super().__init__(moves, seed, population)
        self._tournament = tournament

    def child(self) -> A:
        members = self._population
        drawn = self._rng.sample(range(len(members)), self._tournament)
        parent, _ = members[max(drawn, key=lambda place: members[place][1])]
        return self._moves.mutate(parent, self._rng)
