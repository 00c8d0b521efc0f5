"""The paper's strategies that are made of two or three (section 4.3, Figure 3)."""

from __future__ import annotations

from typing import TypeVar

from croze.searching.strategies.base import Guide, Moves
from croze.searching.strategies.evolution import RegularisedEvolution
from croze.searching.strategies.move import Move
from croze.searching.strategies.random_search import RandomSearch
from croze.searching.strategies.warmup import WarmUp

A = TypeVar("A")

POOL = 3000
"""Architectures of the warm-up in the paper's Figure 3."""


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
    brood: int | None = None,
    guide: Guide[A] | None = None,
) -> WarmUp[A]:
    """Neighbours of the current best, which begins as the best of a random pool (AE+warmup+move)."""
    return WarmUp(Move(moves, seed, population, brood, guide), moves, seed, pool, population, guide)
