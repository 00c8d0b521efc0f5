"""How far a proxy's ranking moves with the initial weights and with the batch, and what averaging gains."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.data import load_batch
from croze.errors import CrozeError
from croze.files import to_json, write_text
from croze.provenance import provenance
from croze.proxies import Criterion, merits, parse_proxies, parts_of
from croze.ranking.columns import judged_columns
from croze.ranking.ranking import Bootstrap, Cells, Ranking, Record, together
from croze.ranking.scored import Watch, basis_lines, finite_or_none, score_cells, unwatched
from croze.ranking.sheets import heading_of
from croze.reporting.page import Page
from croze.reporting.table import Table
from croze.reporting.text import rho_text
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.stats import ranks, spearman
from croze.truth import HALVES, Truth, halves, open_truth, select

Floats = NDArray[np.float64]

FILE = "spread.json"

TOLERANCE = 0.005
"""Loss of rho that counts as none, unless asked otherwise."""

SUBSETS = 200
"""Most subsets of equal size that are averaged over; more are drawn at random."""

WEIGHTS, BATCH = "initial weights", "batch"
"""What is varied."""

SIDES = {"both": "both halves", "report": "report half", "choose": "choose half"}

RHO, DRAW, DEVIATION, AGREEMENT, AVERAGED, NEEDED = (
    *("rho over {}", "rho of draw {}: {}", "deviation over {}", "agreement over {}"),
    *("rho of {} averaged: {}", "draws needed: {}"),
)
"""Statistics: mean rho over the draws, between the least and the largest; of one draw; the standard
deviation; rho between the scores of two draws, the mean over pairs; rho of the mean rank over k draws; the
least k that loses less than the tolerance."""


@dataclass(frozen=True)
class Spread:
    """The rankings of proxies over draws of initial weights and of batches.

    Attributes:
        ranking: the long table; sets of cells are named as in `SIDES`.
        columns: raw columns of the truth.
        draws: what was varied, and the seeds of its draws.
        tolerance: the expected loss of rho below which fewer draws are enough.
        scores: every draw: its seeds `weights` and `batch`, and `scores` by proxy.
        basis: what it rests on: truth, selection, scored_on, provenance, the architectures, texts for a page.
    """

    ranking: Ranking
    columns: tuple[str, ...]
    draws: Mapping[str, tuple[int, ...]]
    tolerance: float
    scores: Sequence[Mapping[str, Any]]
    basis: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            **self.ranking.to_json(),
            "columns": list(self.columns),
            "draws": {what: list(seeds) for what, seeds in self.draws.items()},
            "tolerance": self.tolerance,
            "scores": list(self.scores),
            **self.basis,
        }

    def sheets(self) -> list[Table]:
        """Rho over the draws, and what averaging ranks over draws gains, by what is varied and half."""
        return [
            sheet
            for varied in self.draws
            for side in self.ranking.cells
            for sheet in (self._over(varied, side), self._averaged(varied, side))
        ]

    def markdown(self) -> str:
        """The page."""
        made, about, truth = (self.basis[name] for name in ("provenance", "about", "truth"))
        return Page(
            "Variation of rankings",
            "Variation of the proxies' rankings with the initial weights and with the batch, on the same "
            f"cells of {truth['name']}.",
            made["command"],
            [*about, *basis_lines(made, truth["sha256"])],
            _notes(self.tolerance),
            self.sheets(),
        ).markdown()

    def _over(self, varied: str, side: str) -> Table:
        at = self.ranking.at
        lost = self.ranking.cells[side].failures
        rows = tuple(
            (
                f"`{proxy}`",
                *(self._spanned(proxy, column, side, varied) for column in self.columns),
                rho_text(at(proxy, "", side, AGREEMENT.format(varied)).value),
                str(lost.get(proxy, 0)),
            )
            for proxy in self.ranking.proxies
        )
        head = ("proxy", *map(heading_of, self.columns), "agreement", "max. failed")
        return Table(f"Rho over {varied}, {side}", self._counted(varied, side), head, rows)

    def _averaged(self, varied: str, side: str) -> Table:
        at, total = self.ranking.at, len(self.draws[varied])
        rows = []
        for proxy in self.ranking.proxies:
            for column in self.columns:
                needed = at(proxy, column, side, NEEDED.format(varied)).value
                texts = [
                    rho_text(at(proxy, column, side, AVERAGED.format(k, varied)).value)
                    for k in range(1, total + 1)
                ]
                last = f"{total} or more" if needed == total > 1 else f"{needed:.0f}"
                rows.append((f"`{proxy}`", heading_of(column), *texts, "-" if math.isnan(needed) else last))
        head = ("proxy", "column", *(f"k = {k}" for k in range(1, total + 1)), "needed")
        return Table(f"Ranks averaged over {varied}, {side}", self._counted(varied, side), head, tuple(rows))

    def _counted(self, varied: str, side: str) -> str:
        seeds, entry = self.draws[varied], self.ranking.cells[side]
        return (
            f"{len(seeds)} draws (seeds {', '.join(map(str, seeds))}); n = {entry.n:,} of {entry.chosen:,} "
            "cells."
        )

    def _spanned(self, proxy: str, column: str, side: str, varied: str) -> str:
        found = self.ranking.at(proxy, column, side, RHO.format(varied))
        away = self.ranking.at(proxy, column, side, DEVIATION.format(varied)).value
        if math.isnan(found.value):
            return "-"
        deviation = "" if math.isnan(away) else f" ± {rho_text(away)}"
        return f"{rho_text(found.value)}{deviation} ({rho_text(found.low)} to {rho_text(found.high)})"


def rank_draws(
    varied: str,
    draws: Sequence[int],
    scores: Sequence[Mapping[str, Floats]],
    truths: Mapping[str, Floats],
    usable: NDArray[np.bool_],
    tolerance: float = TOLERANCE,
    cells: str = SIDES["both"],
) -> Ranking:
    """The statistics of every proxy over draws of one thing.

    Args:
        varied: what the draws vary.
        draws: their seeds, K of them.
        scores: by draw, the score of each chosen cell by proxy, larger being better, shape `(n,)`, NaN where
            it failed.
        truths: accuracies of the cells by column, `(n,)`.
        usable: cells on which every proxy succeeded in every draw of all that is compared, `(n,)`.
        tolerance: the expected loss of rho against all K below which k draws are enough.
        cells: name of the set of cells.

    Raises:
        CrozeError: no draw, or a tolerance that is not above 0.
    """
    if not draws or len(draws) != len(scores):
        raise CrozeError(f"A spread needs draws with their scores, got {len(draws)} and {len(scores)}.")
    if not tolerance > 0:
        raise CrozeError(f"The tolerance of a loss of rho must be above 0, got {tolerance:g}.")
    n = int(usable.sum())
    records: list[Record] = []
    failures: dict[str, int] = {}
    for proxy in scores[0]:
        values = [one[proxy][usable] for one in scores]
        places = np.stack([ranks(one) for one in values])
        failures[proxy] = max(int((~np.isfinite(one[proxy])).sum()) for one in scores)
        pairs = [spearman(a, b) for a, b in combinations(values, 2)]
        agreed = float(np.mean(pairs)) if pairs else math.nan
        records.append(Record(proxy, "", cells, AGREEMENT.format(varied), agreed, n=n))
        for column, truth in truths.items():
            rho = [spearman(one, truth[usable]) for one in values]
            averaged = _averaged(places, truth[usable])
            spread = float(np.std(rho, ddof=1)) if len(rho) > 1 else math.nan
            enough = (k for k, one in enumerate(averaged, start=1) if averaged[-1] - one < tolerance)
            found: dict[str, tuple[float, ...]] = {
                RHO.format(varied): (float(np.mean(rho)), min(rho), max(rho)),
                DEVIATION.format(varied): (spread,),
                NEEDED.format(varied): (float(next(enough, math.nan)),),
            }
            found |= {DRAW.format(seed, varied): (one,) for seed, one in zip(draws, rho, strict=True)}
            found |= {AVERAGED.format(k, varied): (one,) for k, one in enumerate(averaged, start=1)}
            for name, line in found.items():
                value, low, high = (*line, math.nan, math.nan)[:3]
                records.append(Record(proxy, column, cells, name, value, low, high, n))
    lost = {proxy: count for proxy, count in failures.items() if count}
    entry = Cells(len(usable), n, 0, lost, common=tuple(failures))
    return Ranking(tuple(records), {cells: entry}, Bootstrap(0))


def usable_cells(scores: Sequence[Mapping[str, Floats]]) -> NDArray[np.bool_]:
    """The cells on which every proxy succeeded in every draw, shape `(n,)`."""
    found = np.all([np.isfinite(values) for one in scores for values in one.values()], axis=0)
    return np.asarray(found, dtype=np.bool_)


def spread(
    truth: str | Truth,
    *,
    dataset: str = "cifar10",
    proxies: str | Criterion | Iterable[str | Criterion] = "croze-official,croze-positional,croze-robust",
    data: str = "digits",
    batch_size: int | None = None,
    sampling: str = "balanced",
    sample: int = 200,
    cells: str = "distinct",
    half: str = "both",
    seed: int = 0,
    seeds: int = 5,
    batches: int = 5,
    tolerance: float = TOLERANCE,
    score_seed: int = 0,
    judge_by: str | None = None,
    channels: int | None = None,
    cells_per_stage: int | None = None,
    workers: int = 1,
    out: str | Path = "runs/spread",
    watch: Watch = unwatched,
) -> Spread:
    """Score the same cells with other initial weights and with other batches, and see how rankings move.

    Args:
        truth, dataset, proxies, sample, cells, half, seed, judge_by: as of `croze.benchmark`.
        data: data set that batches are drawn from.
        batch_size, sampling: of the batches.
        seeds, batches: number of draws of the initial weights, and of the batch.
        tolerance: expected loss of rho below which fewer draws are enough.
        score_seed: the first seed of weights and of batches; the others follow.
        channels, cells_per_stage, workers, out, watch: as of `croze.benchmark`; the result is `spread.json`.

    Raises:
        CrozeError: as of `croze.benchmark`.
    """
    criteria = parse_proxies(proxies)
    known = truth if isinstance(truth, Truth) else open_truth(truth, dataset)
    columns = judged_columns(known, judge_by).names
    positions = select(known, sample, seed, cells, half)
    architectures = [known.architectures[i] for i in positions]
    space = open_space(known.space, **known.network_of(channels=channels, cells=cells_per_stage))
    by_weights = [(score_seed + i, score_seed) for i in range(seeds)]
    by_batch = [(score_seed, score_seed + i) for i in range(batches)]
    draws = list(dict.fromkeys([*by_weights, *by_batch]))
    scores, contexts = {}, {}
    for i, (weights, images) in enumerate(draws):
        batch = load_batch(data, size=batch_size, seed=images, sampling=sampling)
        evaluator = Evaluator(space, batch, weights)
        contexts[f"weights {weights}, batch {images}"] = evaluator.context

        def told(what: str, done: int, total: int, before: int = i) -> None:
            watch(f"{len(draws)} draws", before * total + done, len(draws) * total)

        scored = score_cells(evaluator, out, architectures, parts_of(criteria), workers=workers, watch=told)
        scores[weights, images] = merits(criteria, scored.values)
    usable = usable_cells(list(scores.values()))
    truths = {column: np.asarray(known.values(column)[positions]) for column in columns}
    sides = {half: np.ones(len(positions), dtype=np.bool_)}
    if half == "both":
        of_cell = halves(known)[positions]
        sides |= {side: of_cell == HALVES[side] for side in ("report", "choose")}
    rankings = [
        rank_draws(
            what,
            [draw[axis] for draw in drawn],
            [{spec: values[inside] for spec, values in scores[draw].items()} for draw in drawn],
            {column: values[inside] for column, values in truths.items()},
            usable[inside],
            tolerance,
            SIDES[side],
        )
        for what, axis, drawn in ((WEIGHTS, 0, by_weights), (BATCH, 1, by_batch))
        for side, inside in sides.items()
    ]
    found = Spread(
        together(rankings),
        columns,
        {WEIGHTS: tuple(w for w, _ in by_weights), BATCH: tuple(b for _, b in by_batch)},
        tolerance,
        [
            {
                "weights": weights,
                "batch": images,
                "scores": {spec: finite_or_none(values.tolist()) for spec, values in one.items()},
            }
            for (weights, images), one in scores.items()
        ],
        {
            "architectures": architectures,
            "truth": {"name": known.name, "dataset": known.dataset, **asdict(known.provenance)},
            "selection": {"sample": sample, "cells": cells, "half": half, "seed": seed},
            "scored_on": {"data": data, "contexts": contexts},
            "about": [
                f"cells: {len(positions):,} {cells} ones of {known.name}, {known.dataset}, half: {half}, "
                f"seed {seed}",
                f"scores: {space!r}, untrained, {len(batch)} images of {data}, drawn {sampling}; first seed "
                f"{score_seed}",
            ],
            "provenance": provenance(),
        },
    )
    write_text(Path(out) / FILE, to_json(found.to_json(), indented=False))
    return found


def _averaged(places: Floats, truth: Floats) -> list[float]:
    """By k, rho of the mean rank over k draws, the mean over subsets of k."""
    draws = range(len(places))
    found = []
    for k in range(1, len(places) + 1):
        subsets: Iterable[Sequence[int]] = combinations(draws, k)
        if math.comb(len(places), k) > SUBSETS:
            rng = random.Random(0)
            subsets = [rng.sample(draws, k) for _ in range(SUBSETS)]
        found.append(float(np.mean([spearman(places[list(s)].mean(axis=0), truth) for s in subsets])))
    return found


def _notes(tolerance: float) -> list[str]:
    """How to read the tables, a line each."""
    return [
        "Values are Spearman's rho with the measured accuracy: mean ± sample standard deviation over the "
        "draws, in brackets minimum and maximum. All draws use the cells on which every proxy succeeded "
        "in every draw.",
        "*Initial weights*: different seeds of the weights and of the randomness in a pass, the same "
        "batch. *Batch*: different images, the same weights.",
        "This project's own proxies were chosen on the choose half of the cells, split by isomorphism "
        "class; quote the values of the report half. An aggregate ranks all selected cells relative to "
        "each other.",
        "*agreement*: Spearman's rho between the scores of two draws, mean over all pairs.",
        "*k = ...*: rho of the mean rank over k draws, mean over subsets of size k. *needed*: the "
        f"smallest k that loses less than {tolerance:g} of rho relative to all draws; *or more* if only "
        "all draws satisfy this.",
    ]
