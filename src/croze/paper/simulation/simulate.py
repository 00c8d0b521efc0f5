"""Figure 3 of the paper, for any strategy, guide and accuracy: the searches replayed on a table."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.paper.simulation.course import BAND, Course
from croze.paper.simulation.expectation import expected_models
from croze.paper.simulation.moves import TabularMoves
from croze.paper.simulation.opinions import Opinions
from croze.paper.simulation.replay import best_so_far, models_to_reach, replay
from croze.paper.simulation.targets import Target
from croze.searching.strategies import algorithm_name, make_algorithm, settings_of, takes_guide

RANDOM = "random"
"""What the others are compared with; always replayed."""

STRATEGIES = (
    RANDOM,
    "evolution",
    "random+warmup",
    "evolution+warmup",
    "evolution+move",
    "evolution+warmup+move",
)
"""Those of Figure 3."""

DENSE = 100
"""Numbers of models up to which the JSON holds every one; beyond, every tenth."""


@dataclass(frozen=True, eq=False)
class Simulation:
    """What the replays came to.

    Attributes:
        targets: what was searched for, with its goal.
        guides: what guided strategies were guided by.
        courses: by target, strategy and guide, in this order.
        moves: the cells that strategies could see.
        settings: of the strategies, those that were given.
        runs, budget, seed: how many replays of how many models at most, and the seed of all draws.
    """

    targets: tuple[Target, ...]
    guides: tuple[Opinions, ...]
    courses: tuple[Course, ...]
    moves: TabularMoves
    settings: Mapping[str, int]
    runs: int
    budget: int
    seed: int

    def of(self, target: Target) -> list[Course]:
        """The courses after one target."""
        return [course for course in self.courses if course.target == target.column]

    def random(self, target: Target) -> Course:
        """Random search after this target."""
        return next(course for course in self.of(target) if course.strategy == RANDOM)

    def share(self, target: Target) -> float:
        """The share of classes that reach the goal."""
        return float(target.above(self.moves.representatives).mean())

    def expected(self, target: Target) -> float:
        """Mean number of models that random search needs, in closed form and whatever the budget."""
        return expected_models(self.moves.members, target.above(self.moves.representatives))

    def saving(self, target: Target, course: Course) -> float:
        """How many times fewer models than random search in the median; NaN where either is not reached."""
        ratio = self.random(target).quantiles[0.5] / course.quantiles[0.5]
        return ratio if math.isfinite(ratio) and ratio > 0 else math.nan

    @property
    def counts(self) -> NDArray[np.int64]:
        """The numbers of trained models at which the JSON holds the best so far."""
        every = np.arange(1, self.budget + 1, dtype=np.int64)
        return np.extract((every <= DENSE) | (every % 10 == 0) | (every == self.budget), every)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; what is infinite or undefined as None."""
        cells = self.moves.representatives
        return {
            "cells": {"distinct": len(cells), "strings": len(self.moves.cells)},
            "runs": self.runs,
            "budget": self.budget,
            "seed": self.seed,
            "settings": dict(self.settings),
            "band": list(BAND),
            "targets": [
                {
                    **target.to_json(),
                    "distinct_above": int(target.above(cells).sum()),
                    "strings_above": int(self.moves.members[target.above(cells)].sum()),
                    "share_above": self.share(target),
                    "best": float(target.values[cells].max()),
                    "random_expected_models": _finite(self.expected(target)),
                }
                for target in self.targets
            ],
            "guides": [guide.to_json() for guide in self.guides],
            "trained_models": self.counts.tolist(),
            "courses": [
                {
                    **course.to_json(self.counts),
                    "median_times_fewer_than_random": _finite(self.saving(target, course)),
                }
                for target in self.targets
                for course in self.of(target)
            ],
        }


def simulate(
    moves: TabularMoves,
    targets: Sequence[Target],
    guides: Sequence[Opinions],
    strategies: Sequence[str] = STRATEGIES,
    *,
    runs: int = 100,
    budget: int = 1000,
    seed: int = 0,
    settings: Mapping[str, int] | None = None,
    watch: Callable[[int], None] = lambda done: None,
) -> Simulation:
    """Replay every strategy with every guide after every target.

    A strategy is told the very accuracy that its target names, the test accuracy of the model it has trained;
    run r draws with the same seed whatever the strategy, guide and target, so warm-ups share their pools.

    Args:
        moves: the cells.
        targets: what is searched for, each on its own.
        guides: for strategies that take one.
        strategies: names as `croze.searching.strategies.algorithm_name` reads them; random search is always
            replayed.
        runs: replays of each.
        budget: models that a run trains at most.
        seed: of all draws.
        settings: of strategies, such as `pool` and `population`; each gets those that it has.
        watch: called after every run with the number of runs done.

    Raises:
        CrozeError: fewer than one run or model, no target, a strategy or guide that is there twice, an
            unknown strategy, a setting that none of them has or that is out of its range, or strategies that
            need a guide when there is none.
    """
    names = check_strategies(strategies, settings or {}, moves)
    if not targets or runs < 1 or budget < 1:
        raise CrozeError(
            f"A simulation needs at least 1 target, 1 run and 1 model to train, got {len(targets)}, {runs} "
            f"and {budget}."
        )
    pairs = _pairs(names, guides)
    courses = []
    done = 0
    for target in targets:
        values = target.values.tolist()
        for name, guide in pairs:
            own = _own(name, settings or {})
            best = np.empty((runs, budget))
            models = np.empty(runs)
            ended = 0
            for run in range(runs):
                algorithm = make_algorithm(name, moves, seed_of(seed, run), guide=guide, **own)
                order = replay(
                    algorithm, values, moves.representative, min(budget, len(moves.representatives))
                )
                accuracies = target.values[order]
                best[run] = best_so_far(accuracies, budget)
                models[run] = models_to_reach(accuracies, target.goal)
                ended += len(order) < budget
                done += 1
                watch(done)
            spec = "" if guide is None else guide.spec
            courses.append(Course(name, spec, target.column, best, models, ended))
    return Simulation(
        tuple(targets), tuple(guides), tuple(courses), moves, dict(settings or {}), runs, budget, seed
    )


def check_strategies(
    strategies: Sequence[str], settings: Mapping[str, int], moves: TabularMoves
) -> list[str]:
    """Their names in `croze.searching`, random search among them; to be called before anything is scored.

    Raises:
        CrozeError: one that is unknown or there twice, or a setting that none of them has or that is out of
            its range.
    """
    names = [algorithm_name(name) for name in strategies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CrozeError(f"The strategy {twice[0]} is named twice; name each one once.")
    if RANDOM not in names:
        names.insert(0, RANDOM)
    known = {key for name in names for key in settings_of(name)}
    for key in settings:
        if key not in known:
            raise CrozeError(f"None of the strategies {', '.join(names)} has a setting {key}.")
    for name in names:
        guide = (lambda strings: [None] * len(strings)) if takes_guide(name) else None
        make_algorithm(name, moves, 0, guide=guide, **_own(name, settings))
    return names


def runs_wanted(strategies: Sequence[str], guides: int, targets: int, runs: int) -> int:
    """How many runs `simulate` makes of these strategies."""
    return targets * runs * sum(guides if takes_guide(name) else 1 for name in strategies)


def seed_of(seed: int, run: int) -> int:
    """The seed of a strategy in one run: other seeds give other draws in every run."""
    return random.Random(f"{seed} {run}").getrandbits(32)


def _own(name: str, settings: Mapping[str, int]) -> dict[str, int]:
    """Those of the settings that the strategy has."""
    return {key: value for key, value in settings.items() if key in settings_of(name)}


def _pairs(names: Sequence[str], guides: Sequence[Opinions]) -> list[tuple[str, Opinions | None]]:
    """Every strategy with every guide that it takes."""
    specs = [guide.spec for guide in guides]
    if len(set(specs)) != len(specs):
        raise CrozeError(f"A simulation needs guides, each once, got {', '.join(specs)}.")
    pairs: list[tuple[str, Opinions | None]] = []
    for name in names:
        if not takes_guide(name):
            pairs.append((name, None))
        elif guides:
            pairs += [(name, guide) for guide in guides]
        else:
            raise CrozeError(f"The strategy {name} needs a guide here: name one, or leave the strategy out.")
    return pairs


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
