"""Warm-up: a large pool, the best of which a search begins with (Abdelfattah et al. 2021; section 4.3)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Generic, TypeVar

from croze.errors import CrozeError
from croze.searching.strategies.base import Algorithm, Guide, Merits, Moves, ranked
from croze.searching.strategies.evolution import RegularisedEvolution
from croze.searching.strategies.move import Move
from croze.searching.strategies.random_search import RandomSearch

A = TypeVar("A")

POOL = 3000
"""Architectures of the warm-up in the paper's Figure 3."""

REPEATS = 1000
"""Repeated samples in a row at which a space counts as no larger than what has been drawn."""


class WarmUp(Generic[A]):
    """Puts a pool of random architectures before another strategy.

    Without a guide the pool is scored like everything else: the first `pool` architectures that are told are
    random, and the best `population` of them are handed on. With a guide, which judges the whole pool in one
    call before the first proposal, they are asked for best first, those without a score never, until
    `population` of them have merits; these are handed on.

    They are handed on from the worst to the best: the best is the youngest of a population that ages. What
    was asked for before that and is told after it, at most as many as were asked for before the first was
    told, is handed on where it reaches the worst of them.

    Args:
        inner: the strategy that follows.
        moves: samples the pool.
        seed: of the pool; the same number may serve the inner strategy.
        pool: how many architectures, distinct ones with a guide; fewer where the space has no more.
        population: how many the inner strategy begins with; None for one that learns nothing, which has its
            turn when the whole pool has been asked for.
        guide: cheap scores of the pool.

    Raises:
        CrozeError: for a pool below 1 or smaller than the population, or neither guide nor population.
    """

    def __init__(
        self,
        inner: Algorithm[A],
        moves: Moves[A],
        seed: int,
        pool: int,
        population: int | None = None,
        guide: Guide[A] | None = None,
    ) -> None:
        if pool < 1:
            raise CrozeError(f"The pool of a warm-up needs at least 1 architecture, got {pool}.")
        if population is not None and pool < population:
            raise CrozeError(
                f"The pool of a warm-up must hold the population, got pool {pool}, population {population}."
            )
        if population is None and guide is None:
            raise CrozeError(
                "A warm-up without a guide leaves a random search as it is: name a guide, a cheap proxy that "
                "puts the pool in order, or search by random alone."
            )
        self.several = inner.several and population is None
        self._inner = inner
        self._moves = moves
        self._rng = random.Random(f"warm-up {seed}")  # other draws than those of the inner strategy
        self._size = pool
        self._population = population
        self._guide = guide
        self._waiting: list[A] | None = None  # the pool as the guide sees it, the next one last
        self._told: list[tuple[A, Merits | None]] = []
        self._good = 0
        self._revised: Mapping[A, Merits] = {}
        self._over = False
        self._ahead = 0  # asked for before the first is told: no more than that are ever under way
        self._late = 0
        self._least = 0.0

    def ask(self) -> A:
        """From the pool as long as the warm-up lasts, then from the inner strategy."""
        if not (self._told or self._over):
            self._ahead += 1
        if self._over:
            return self._inner.ask()
        if self._guide is None:
            return self._moves.sample(self._rng)
        if self._waiting is None:
            self._waiting = ranked(self._guide, self._draw())
        return self._waiting.pop() if self._waiting else self._inner.ask()

    def tell(self, architecture: A, merits: Merits | None) -> None:
        if self._population is None:
            self._inner.tell(architecture, merits)
        elif self._over:
            if self._late > 0:
                self._late -= 1
                merits = None if merits is None or merits[0] < self._least else merits
            self._inner.tell(architecture, merits)
        else:
            self._told.append((architecture, merits))
            self._good += merits is not None
            if (self._good >= self._population) if self._guide else (len(self._told) >= self._size):
                self._hand_on(self._population)

    def revise(self, merits: Mapping[A, Merits]) -> None:
        """Only the latest merits matter, and they do when the best are handed on."""
        if self._over or self._population is None:
            self._inner.revise(merits)
        else:
            self._revised = merits

    def _draw(self) -> list[A]:
        drawn: dict[A, None] = {}
        repeats = 0
        while len(drawn) < self._size and repeats < REPEATS:
            architecture = self._moves.sample(self._rng)
            repeats = repeats + 1 if architecture in drawn else 0
            drawn[architecture] = None
        return list(drawn)

    def _hand_on(self, population: int) -> None:
        good: list[tuple[float, A]] = []
        for architecture, merits in self._told:
            if merits is None:
                self._inner.tell(architecture, None)  # it need not be asked for again
            else:
                good.append((self._revised.get(architecture, merits)[0], architecture))
        good.sort(key=lambda pair: pair[0])
        for _, architecture in good[:-population]:
            self._inner.tell(architecture, None)
        for merit, architecture in good[-population:]:
            self._inner.tell(architecture, (merit,))
        self._over = True
        self._late = self._ahead - 1
        self._least = good[-population:][0][0] if good else -float("inf")
        self._told, self._revised = [], {}


def random_after_warmup(
    moves: Moves[A], seed: int, pool: int = POOL, guide: Guide[A] | None = None
) -> WarmUp[A]:
    """The best of a random pool by a guide, best first; then random search (RAND+warmup)."""
    return WarmUp(RandomSearch(moves, seed), moves, seed, pool, None, guide)


def evolution_after_warmup(
    moves: Moves[A],
    seed: int,
    pool: int = POOL,
    population: int = 50,
    tournament: int = 10,
    guide: Guide[A] | None = None,
) -> WarmUp[A]:
    """Evolution that begins with the best of a random pool (AE+warmup)."""
    inner = RegularisedEvolution(moves, seed, population, tournament)
    return WarmUp(inner, moves, seed, pool, population, guide)


def move_after_warmup(
    moves: Moves[A],
    seed: int,
    pool: int = POOL,
    population: int = 50,
    neighbours_per_parent: int | None = None,
    guide: Guide[A] | None = None,
) -> WarmUp[A]:
    """Neighbours of the current best, which begins as the best of a random pool (AE+warmup+move)."""
    inner = Move(moves, seed, population, neighbours_per_parent, guide)
    return WarmUp(inner, moves, seed, pool, population, guide)
