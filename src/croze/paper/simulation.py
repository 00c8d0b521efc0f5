"""Searches replayed on measured accuracies: how many models a strategy trains until it has a good one.

Section 4.3 and Figure 3 of the paper. Nothing is trained: the accuracy of a model is looked up.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from croze.errors import CrozeError
from croze.proxies import Aggregate, Criterion, merits
from croze.ranking.scored import Scored
from croze.searching.strategies import Algorithm, algorithm_name, make_algorithm, settings_of, takes_guide
from croze.spaces import Space
from croze.truth import Truth

Floats = NDArray[np.float64]

CLEAN = "clean"

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

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
"""Of the numbers of models to reach a goal."""

BAND = (0.10, 0.90)
"""Quantiles over the runs between which a band lies."""

TRIES = 1000
"""Proposals in a row that were trained before after which a run ends."""

DENSE = 100
"""Numbers of models up to which the JSON holds every one; beyond, every tenth."""


class TabularMoves:
    """Moves between the positions of a truth, for strategies that are replayed many times.

    Every string is drawn with the same probability, as a search draws, so a class of isomorphic cells has as
    many chances as it has strings. A mutation is a uniform draw from the neighbours among `cells` (all
    members of a class or none), as in NAS-Bench-201. CrozeError for no cell, or another space than the
    truth's.
    """

    def __init__(self, truth: Truth, space: Space[Any], cells: NDArray[np.int64]) -> None:
        if len(cells) == 0:
            raise CrozeError(f"A simulation needs cells of {truth.name}, got none.")
        if space.name != truth.space:
            raise CrozeError(
                f"The cells of {truth.name} are of the space {truth.space}, got the space {space.name}."
            )
        self._truth = truth
        self._space = space
        self.cells: list[int] = cells.tolist()
        self.representative: list[int] = truth.representative.tolist()
        self._allowed = set(self.cells)
        self._neighbours: dict[int, list[int]] = {}

    @cached_property
    def representatives(self) -> NDArray[np.int64]:
        """Positions of the representatives of the classes, ascending."""
        return np.unique(self._truth.representative[self.cells])

    @cached_property
    def members(self) -> NDArray[np.int64]:
        """How many strings each of these classes has."""
        return np.unique(self._truth.representative[self.cells], return_counts=True)[1]

    def sample(self, rng: random.Random) -> int:
        """Any of the strings, each with the same probability."""
        return self.cells[int(rng.random() * len(self.cells))]

    def mutate(self, architecture: int, rng: random.Random) -> int:
        """One of the neighbours, each with the same probability; a sample where there are none."""
        neighbours = self.neighbours(architecture)
        return neighbours[int(rng.random() * len(neighbours))] if neighbours else self.sample(rng)

    def neighbours(self, architecture: int) -> list[int]:
        """Those one move away that are among the cells."""
        if architecture not in self._neighbours:
            parent = self._space.parse(self._truth.architectures[architecture])
            near = [self._place.get(str(cell), -1) for cell in self._space.neighbours(parent)]
            self._neighbours[architecture] = [place for place in near if place in self._allowed]
        return self._neighbours[architecture]

    def classes_among(self, strings: int) -> float:
        """How many classes so many different strings hold, on average over all ways to draw them."""
        n = len(self.cells)
        return float((1 - hypergeom.pmf(0, n, self.members, min(strings, n))).sum())

    @cached_property
    def _place(self) -> dict[str, int]:
        return {architecture: i for i, architecture in enumerate(self._truth.architectures)}


@dataclass(frozen=True, eq=False)
class Target:
    """One accuracy and its goal, in (0, 1], such as the column `clean` or `fgsm@8`.

    Values are by position of the architecture, in [0, 1]; members of a class share theirs. `source` names
    their truth.
    """

    column: str
    values: NDArray[np.float64]
    goal: float
    source: str

    @property
    def name(self) -> str:
        """For people: `fgsm@8` is FGSM-8."""
        attack, at, epsilon = self.column.partition("@")
        return f"{attack.upper()}-{epsilon}" if at else self.column

    def above(self, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these cells reach the goal."""
        return self.values[cells] >= self.goal

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, without the values."""
        return {"column": self.column, "goal": self.goal, "source": self.source}


def parse_goals(text: str) -> dict[str, float]:
    """Goals in [0, 1] by column, of a list such as `clean=93.5,fgsm-8=46`; `fgsm-8` is `fgsm@8`.

    Raises:
        CrozeError: for a list that is not of this form, a goal outside (0, 100], or one that is set twice.
    """
    goals: dict[str, float] = {}
    for item in text.split(","):
        name, _, number = (part.strip() for part in item.partition("="))
        attack, dash, epsilon = name.lower().rpartition("-")
        sized = dash and re.fullmatch(r"\d+(\.\d+)?", epsilon)
        column = f"{attack}@{epsilon}" if sized else name.lower()
        try:
            percent = float(number)
        except ValueError:
            percent = math.nan
        if not column or not 0 < percent <= 100:
            raise CrozeError(
                f"Targets are NAME=PERCENT with commas between, such as clean=93.5,fgsm-8=46; got {item!r}."
            )
        if column in goals:
            raise CrozeError(f"The target {name} is set twice; set each one once.")
        goals[column] = percent / 100
    return goals


def targets_of(truth: Truth, goals: Mapping[str, float], clean: Truth | None = None) -> list[Target]:
    """The targets of these goals, in order; `clean` is a truth whose `clean` stands in for this one's.

    Raises:
        CrozeError: a column that the truth lacks, or an architecture that `clean` does not know.
    """
    found = []
    for column, goal in goals.items():
        source = clean if clean is not None and column == CLEAN else truth
        values = source.values(column)
        if source is not truth:
            values = values[[source.lookup(architecture) for architecture in truth.architectures]]
        # one value a class, whatever the column says of its strings
        found.append(Target(column, values[truth.representative], goal, source.name))
    return found


@dataclass(frozen=True, eq=False)
class GuideScores:
    """What one guide says of the cells of a truth, put in order once for all runs.

    Values are by position, higher being better, NaN where the score failed or nobody asked; members of a
    class share theirs. `scored` classes were asked about, of which `failures` failed, the first for this
    reason.
    """

    spec: str
    definition: str
    values: NDArray[np.float64] = field(repr=False)
    scored: int
    failures: int = 0
    reason: str = ""

    def __call__(self, architectures: Sequence[int]) -> list[float | None]:
        """What a strategy is told: None where there is no score."""
        return [self._listed[architecture] for architecture in architectures]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, without the values."""
        return {
            "guide": self.spec,
            "definition": self.definition,
            "cells": self.scored,
            "failures": self.failures,
            "first_reason": self.reason or None,
        }

    @cached_property
    def _listed(self) -> list[float | None]:
        return [None if math.isnan(value) else value for value in self.values.tolist()]


def guide_scores(
    truth: Truth, representatives: NDArray[np.int64], guides: Sequence[Criterion], scored: Scored
) -> list[GuideScores]:
    """What each guide says of these classes, of which `representatives` are positions of one member each.

    An aggregate ranks all of them, as `croze benchmark --cells distinct` does; in a search it would rank
    those seen.
    """
    architectures = [truth.architectures[i] for i in representatives]
    place = np.searchsorted(representatives, truth.representative)
    known = np.isin(truth.representative, representatives)
    found = []
    for guide in guides:
        merit = merits([guide], scored.columns(architectures))[guide.spec]
        values = np.full(len(truth), np.nan)
        values[known] = merit[place[known]]
        found.append(
            GuideScores(
                guide.spec,
                guide.definition if isinstance(guide, Aggregate) else guide.spec,
                values,
                len(merit),
                int(np.isnan(merit).sum()),
                scored.first_reason(guide, architectures),
            )
        )
    return found


def replay(
    algorithm: Algorithm[int], values: Sequence[float], representative: Sequence[int], budget: int
) -> list[int]:
    """The models that a strategy trains, as positions of representatives, in order.

    A proposal stands for its isomorphism class. One whose class was trained before is skipped: it costs
    nothing, and the strategy hears nothing of it, as in `croze search`. Fewer than `budget` when `TRIES` in a
    row bring nothing new.
    """
    trained: dict[int, None] = {}
    misses = 0
    while len(trained) < budget and misses < TRIES:
        cell = representative[algorithm.ask()]
        if cell in trained:
            misses += 1
            continue
        misses = 0
        trained[cell] = None
        algorithm.tell(cell, (values[cell],))
    return list(trained)


def best_so_far(accuracies: NDArray[np.float64], budget: int) -> NDArray[np.float64]:
    """The best accuracy after 1, 2, ..., `budget` models, `(budget,)`, from theirs in order, `(k,)`.

    A run that ended early keeps its last.
    """
    best = np.maximum.accumulate(accuracies)
    return np.concatenate([best, np.full(budget - len(best), best[-1])])


def models_to_reach(accuracies: NDArray[np.float64], goal: float) -> float:
    """How many models are trained until one has at least this accuracy; infinite when none has."""
    reached = np.flatnonzero(accuracies >= goal)
    return float(reached[0] + 1) if len(reached) else math.inf


def quantile(models: Floats, share: float) -> float:
    """The least number of models by which this share of the runs had reached the goal.

    The inverse of the empirical distribution function: infinite exactly when fewer than this share reached
    the goal.
    """
    ordered = np.sort(models)
    return float(ordered[max(math.ceil(share * len(ordered) - 1e-9), 1) - 1])


@dataclass(frozen=True, eq=False)
class Curve:
    """What the runs of one strategy came to: `best` so far, `(runs, budget)`, and `models` to the goal,
    `(runs,)`.

    Models are infinite in a run that did not reach it; `ended` runs found nothing new before the budget was
    spent.
    """

    strategy: str
    guide: str
    target: str
    best: Floats
    models: Floats
    ended: int = 0

    @property
    def label(self) -> str:
        """The strategy in the paper's words: RAND, AE+warmup, ..."""
        return self.strategy.replace("random", "RAND").replace("evolution", "AE")

    @property
    def mean(self) -> Floats:
        """The mean over the runs, shape `(budget,)`."""
        return np.asarray(self.best.mean(axis=0))

    @property
    def band(self) -> tuple[Floats, Floats]:
        """The quantiles `BAND` over the runs, shape `(budget,)` each."""
        low, high = np.quantile(self.best, BAND, axis=0)
        return low, high

    @property
    def missed(self) -> int:
        """Number of runs that did not reach the goal."""
        return int(np.isinf(self.models).sum())

    @property
    def quantiles(self) -> Mapping[float, float]:
        """Trained models to reach the goal, by share of the runs that had; infinite where too few did."""
        return {share: quantile(self.models, share) for share in QUANTILES}

    def to_json(self, counts: NDArray[np.int64]) -> dict[str, Any]:
        """A JSON-ready mapping with the best so far after these numbers of models; infinite as None."""
        low, high = self.band

        def at(line: Floats) -> list[float]:
            return [round(value, 6) for value in line[counts - 1].tolist()]

        return {
            "strategy": self.strategy,
            "label": self.label,
            "guide": self.guide or None,
            "target": self.target,
            "best_so_far": {"mean": at(self.mean), "low": at(low), "high": at(high)},
            "models_to_reach": {
                "quantiles": {f"{share:g}": _count(n) for share, n in self.quantiles.items()},
                "not_reached": self.missed,
                "runs": [_count(n) for n in self.models.tolist()],
            },
            "runs_that_ended_early": self.ended,
        }


def expected_models(members: NDArray[np.int64], above: NDArray[np.bool_]) -> float:
    """Mean number of models that random search trains until one is above its goal; infinite when none is.

    Strings are drawn with equal probability and a class that was trained before is skipped, so classes come
    in the order of independent exponential clocks whose rates are their numbers of strings. A class of w
    strings rings before all those above, which have W strings together, with probability w / (w + W); the
    expected number is 1 plus these probabilities, summed over the classes that are not above. With one string
    a class this is (N + 1) / (K + 1), the mean of the negative hypergeometric distribution.
    """
    if not above.any():
        return math.inf
    others, together = members[~above], members[above].sum()
    return float(1 + (others / (others + together)).sum())


@dataclass(frozen=True, eq=False)
class Simulation:
    """What the replays came to: curves by target, strategy and guide, on the cells of `moves`."""

    targets: tuple[Target, ...]
    guides: tuple[GuideScores, ...]
    curves: tuple[Curve, ...]
    moves: TabularMoves
    settings: Mapping[str, int]
    runs: int
    budget: int
    seed: int

    def of(self, target: Target) -> list[Curve]:
        """The curves after one target."""
        return [curve for curve in self.curves if curve.target == target.column]

    def random(self, target: Target) -> Curve:
        """Random search after this target."""
        return next(curve for curve in self.of(target) if curve.strategy == RANDOM)

    def share(self, target: Target) -> float:
        """The share of classes that reach the goal."""
        return float(target.above(self.moves.representatives).mean())

    def expected(self, target: Target) -> float:
        """Mean number of models that random search needs, in closed form and whatever the budget."""
        return expected_models(self.moves.members, target.above(self.moves.representatives))

    def saving(self, target: Target, curve: Curve) -> float:
        """How many times fewer models than random search in the median; NaN where either is not reached."""
        ratio = self.random(target).quantiles[0.5] / curve.quantiles[0.5]
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
            "curves": [
                {
                    **curve.to_json(self.counts),
                    "median_times_fewer_than_random": _finite(self.saving(target, curve)),
                }
                for target in self.targets
                for curve in self.of(target)
            ],
        }


def simulate(
    moves: TabularMoves,
    targets: Sequence[Target],
    guides: Sequence[GuideScores],
    strategies: Sequence[str] = STRATEGIES,
    *,
    runs: int = 100,
    budget: int = 1000,
    seed: int = 0,
    settings: Mapping[str, int] | None = None,
    watch: Callable[[int], None] = lambda done: None,
) -> Simulation:
    """Replay every strategy with every guide after every target; random search is always replayed.

    A strategy is told the very accuracy that its target names, the test accuracy of the model it has trained;
    run r draws with the same seed whatever the strategy, guide and target, so warm-ups share their pools.
    Each strategy gets those of the settings that it has.

    Raises:
        CrozeError: fewer than one run or model, no target, a strategy or guide that is there twice, an
            unknown strategy, a setting that none of them has or that is out of its range, or a strategy
            without the guide it needs.
    """
    names = check_strategies(strategies, settings or {}, moves)
    if not targets or runs < 1 or budget < 1:
        raise CrozeError(
            f"A simulation needs at least 1 target, 1 run and 1 model to train, got {len(targets)}, {runs} "
            f"and {budget}."
        )
    pairs = _pairs(names, guides)
    curves = []
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
            curves.append(Curve(name, spec, target.column, best, models, ended))
    return Simulation(
        tuple(targets), tuple(guides), tuple(curves), moves, dict(settings or {}), runs, budget, seed
    )


def check_strategies(
    strategies: Sequence[str], settings: Mapping[str, int], moves: TabularMoves
) -> list[str]:
    """Names of the strategies, random search among them, checked with their settings before any scoring."""
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


def _pairs(names: Sequence[str], guides: Sequence[GuideScores]) -> list[tuple[str, GuideScores | None]]:
    """Every strategy with every guide that it takes."""
    specs = [guide.spec for guide in guides]
    if len(set(specs)) != len(specs):
        raise CrozeError(f"A simulation needs guides, each once, got {', '.join(specs)}.")
    pairs: list[tuple[str, GuideScores | None]] = []
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


def _count(models: float) -> int | None:
    return None if math.isinf(models) else int(models)
