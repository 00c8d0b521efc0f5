"""What a search strategy is: it is asked and told, and knows no network and no proxy."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

A = TypeVar("A")

Merits = tuple[float, ...]
"""One number an objective, turned so that higher is better; a search by one objective has one."""

Guide = Callable[[Sequence[A]], Sequence[float | None]]
"""Cheap scores of many architectures at once, higher being better; None for one that has no score."""

TRIES = 50
"""Old proposals in a row before a random sample stands in."""

QUIET = 256
"""Proposals without an answer after which every other one is a random sample; twice as many as were made
before the first answer, where that is more.
"""


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


def ranked(guide: Guide[A], architectures: Sequence[A]) -> list[A]:
    """The architectures from the worst to the best by one call of the guide, those without a score left out.

    The last is the first to `pop`; of equals the one that stands first in `architectures`.
    """
    rated = zip(guide(architectures), architectures, strict=True)
    known = [(score, architecture) for score, architecture in rated if score is not None]
    best_first = sorted(known, key=lambda pair: pair[0], reverse=True)
    return [architecture for _, architecture in reversed(best_first)]


class Fresh(Generic[A]):
    """Remembers what was proposed or told, and lets only something new through.

    A search scores nothing twice and says nothing of what it skips, so a strategy whose moves lead only to
    known architectures would propose them for ever. Where no new move is found, and where proposals stay
    without an answer for long (isomorphic to known ones, or beyond a limit), samples of the whole space get
    it out.
    """

    def __init__(self, moves: Moves[A], rng: random.Random) -> None:
        self._moves = moves
        self._rng = rng
        self._known: set[A] = set()
        self._unanswered = 0
        self.ahead = 0  # samples before the first answer
        self._heard = False

    def __contains__(self, architecture: A) -> bool:
        return architecture in self._known

    def sample(self) -> A:
        """A random sample, new or not: random draws do not get stuck."""
        self.ahead += not self._heard
        architecture = self._moves.sample(self._rng)
        self._known.add(architecture)
        return architecture

    def propose(self, move: Callable[[], A | None]) -> A:
        """The first new architecture that `move` makes, or a sample where it makes none or returns None."""
        self._unanswered += 1
        if self._unanswered > max(QUIET, 2 * self.ahead) and self._unanswered % 2:
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
