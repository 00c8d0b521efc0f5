"""Regularised (aging) evolution (Real et al. 2019, algorithm 1; AE in the paper's section 4.3)."""

from __future__ import annotations

from typing import TypeVar

from croze.errors import CrozeError
from croze.searching.strategies.aging import AgingPopulation
from croze.searching.strategies.base import Moves

A = TypeVar("A")


class RegularisedEvolution(AgingPopulation[A]):
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
        super().__init__(moves, seed, population)
        self._tournament = tournament

    def child(self) -> A:
        """The mutated winner of a tournament."""
        members = self._population
        drawn = self._rng.sample(range(len(members)), self._tournament)
        parent, _ = members[max(drawn, key=lambda place: members[place][1])]
        return self._moves.mutate(parent, self._rng)
