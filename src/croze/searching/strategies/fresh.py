"""Proposals that a strategy has not made before."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Generic, TypeVar

from croze.searching.strategies.base import Moves

A = TypeVar("A")

TRIES = 50
"""Old proposals in a row before a random sample stands in."""

QUIET = 256
"""Proposals without an answer after which every other one is a random sample; twice as many as were made
before the first answer, where that is more.
"""


class Fresh(Generic[A]):
    """Remembers what was proposed or told, and lets only something new through.

    A search scores nothing twice and says nothing of what it skips, so a strategy whose moves lead only to
    known architectures would propose them for ever. Where new moves cannot be found, and where proposals
    stay without an answer for long (all isomorphic to known ones, or beyond a limit), samples of the whole
    space get it out.
    """

    def __init__(self, moves: Moves[A], rng: random.Random) -> None:
        self._moves = moves
        self._rng = rng
        self._known: set[A] = set()
        self._unanswered = 0
        self._ahead = 0
        self._heard = False

    def __contains__(self, architecture: A) -> bool:
        return architecture in self._known

    def sample(self) -> A:
        """A random sample, new or not: random draws do not get stuck."""
        self._ahead += not self._heard
        architecture = self._moves.sample(self._rng)
        self._known.add(architecture)
        return architecture

    def propose(self, move: Callable[[], A | None]) -> A:
        """The first new architecture that `move` makes, or a sample where it makes none or returns None."""
        self._unanswered += 1
        if self._unanswered > max(QUIET, 2 * self._ahead) and self._unanswered % 2:
            return self.sample()
        for _ in range(TRIES):
            architecture = move()
            if architecture is None:
                break
            if architecture not in self._known:
                self._known.add(architecture)
                return architecture
        return self.sample()

    def told(self, architecture: A) -> None:
        """An answer came: proposals are still of use."""
        self._known.add(architecture)
        self._unanswered = 0
        self._heard = True
