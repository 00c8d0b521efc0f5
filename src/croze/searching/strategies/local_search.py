"""Local search: from a random point uphill, then from another one (White et al. 2020)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Generic, TypeVar

from croze.searching.strategies.base import Fresh, Merits, Moves

A = TypeVar("A")

PATIENCE = 1024
"""Answers that are waited for at most before a point counts as the top of its hill."""


class LocalSearch(Generic[A]):
    """Asks for all neighbours of a point, moves to the best if it is better, else starts anew at random.

    Asked one by one this is the algorithm as published. With many under way two things are added. When all
    neighbours are asked for and one that is told is better already, the search moves to it without waiting
    for the rest; what is told later and is better still is moved to next. When none is better yet, random
    samples are asked for while answers are outstanding. Answers come in the order of asking, and no more are
    under way than were asked for before the first of all, so after that many answers (1,024 at most) the
    neighbours have been told or never will be, and the search starts anew.

    No architecture is asked for twice; a neighbour that is known already counts with the merit it has.
    """

    several = False

    def __init__(self, moves: Moves[A], seed: int) -> None:
        self._moves = moves
        self._rng = random.Random(seed)
        self._fresh = Fresh(moves, self._rng)
        self._merits: dict[A, Merits] = {}
        self._revised: Mapping[A, Merits] = {}
        self._point: A | None = None
        self._leader: A | None = None  # the best that is known of those next to the point or told since
        self._left: list[A] = []
        self._outstanding = 0

    def ask(self) -> A:
        return self._fresh.propose(self._neighbour)

    def tell(self, architecture: A, merits: Merits | None) -> None:
        self._fresh.told(architecture)
        self._outstanding -= 1
        if merits is not None:
            self._merits[architecture] = merits
            self._consider(architecture)

    def revise(self, merits: Mapping[A, Merits]) -> None:
        """Kept and looked into when needed: of most architectures nothing more is wanted."""
        self._revised = merits

    def _value(self, architecture: A) -> float:
        return self._revised.get(architecture, self._merits[architecture])[0]

    def _consider(self, architecture: A) -> None:
        if self._leader is None or self._value(architecture) > self._value(self._leader):
            self._leader = architecture

    def _neighbour(self) -> A | None:
        while True:
            while self._left:
                chosen = self._left.pop()
                if chosen not in self._fresh:
                    self._outstanding = min(self._fresh.ahead, PATIENCE)
                    return chosen
            leader, point = self._leader, self._point
            if leader is not None and (point is None or self._value(leader) > self._value(point)):
                self._go_to(leader)
                continue
            if self._outstanding <= 0:
                self._point = self._leader = None
            return None

    def _go_to(self, point: A) -> None:
        self._point, self._leader = point, None
        self._left = list(self._moves.neighbours(point))
        self._rng.shuffle(self._left)
        for neighbour in self._left:
            if neighbour in self._merits:
                self._consider(neighbour)
