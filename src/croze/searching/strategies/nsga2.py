"""NSGA-II: evolution towards a Pareto front of several objectives (Deb et al. 2002)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Generic, TypeVar

import numpy as np

from croze.errors import CrozeError
from croze.searching.strategies.base import Fresh, Merits, Moves
from croze.searching.strategies.pareto import crowding, fronts

A = TypeVar("A")

Place = tuple[int, float]
"""The number of a member's front, and minus its crowding distance within that: less is better."""


class NSGA2(Generic[A]):
    """Elitist evolution: parents and children together are sorted by front, then by crowding.

    A parent is the winner of a binary tournament, and a child its mutation: a space has no crossover.
    Children do not wait for a whole generation, as they do in the paper: before each proposal those that were
    told since the last one join the population, of which the best `population` (N) live on. So a search comes
    to the same front with fewer architectures. Optuna's NSGA-II mixes parameters of its own distributions and
    cannot move in a space that only samples and mutates values.

    Raises:
        CrozeError: for a population below 1.
    """

    several = True

    def __init__(self, moves: Moves[A], seed: int, population: int = 50) -> None:
        if population < 1:
            raise CrozeError(f"A population needs at least 1 architecture, got {population}.")
        self._moves = moves
        self._rng = random.Random(seed)
        self._fresh = Fresh(moves, self._rng)
        self._size = population
        self._population: dict[A, Merits] = {}
        self._children: dict[A, Merits] = {}
        self._parents: list[tuple[A, Place]] = []

    def ask(self) -> A:
        """A random architecture until there is a population, then a child that was not asked for before."""
        if self._children and len(self._population) + len(self._children) >= self._size:
            everybody = self._population | self._children
            self._parents = sorted(_places(everybody), key=lambda pair: pair[1])[: self._size]
            self._population = {a: everybody[a] for a, _ in self._parents}
            self._children = {}
        return self._fresh.propose(self._child) if self._population else self._fresh.sample()

    def tell(self, architecture: A, merits: Merits | None) -> None:
        self._fresh.told(architecture)
        if merits is not None:
            self._children[architecture] = merits

    def revise(self, merits: Mapping[A, Merits]) -> None:
        for members in (self._population, self._children):
            members.update({a: merits.get(a, known) for a, known in members.items()})
        self._parents = _places(self._population)

    def _child(self) -> A:
        first, second = (self._rng.choice(self._parents) for _ in range(2))
        parent, _ = first if first[1] <= second[1] else second
        return self._moves.mutate(parent, self._rng)


def _places(members: Mapping[A, Merits]) -> list[tuple[A, Place]]:
    architectures = list(members)
    merits = np.array(list(members.values()), dtype=np.float64)
    return [
        (architectures[index], (level, -distance))
        for level, indices in enumerate(fronts(merits))
        for index, distance in zip(indices, crowding(merits[indices]).tolist(), strict=True)
    ]
