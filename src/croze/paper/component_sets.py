"""How good the cells are that CRoZe's components rank first: the NAS-Bench-201 half of the paper's Table 5.

The figures are those that the paper prints for NAS-Bench-201, as far as they are known: of the cell whose
clean accuracy is 93.70 (all edges 3x3 convolutions), 56.93 is the mean accuracy over the 15 corruptions and
their five severities, 45.80 is FGSM at epsilon 8/255, and 61.53 the harmonic mean of clean and FGSM.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.paper.best_by_set import Best, best_by_set, score_sets
from croze.proxies.croze.form import CrozeForm
from croze.robustness.metrics import harmonic_robustness
from croze.scoring.ledger import Ledger
from croze.stats.bootstrap import bootstrap_spearman
from croze.stats.correlation import MINIMUM
from croze.stats.intervals import percentile_interval
from croze.truth import Truth
from croze.truth.columns import CLEAN, MEAN_CORRUPTION

Floats = NDArray[np.float64]

RANKED = {"clean": CLEAN, "cc": MEAN_CORRUPTION, "fgsm": "fgsm@8"}
"""The measured figures, and the columns of a truth that hold them."""

FIGURES = (*RANKED, "hrs", "avg")
"""The columns of Table 5; the average is over the other four."""

PRINTED_CELL = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
)
"""The cell that has the figures which the paper prints for every set but F."""

LEVEL = 0.95
"""Of the bootstrap intervals."""


@dataclass(frozen=True)
class Interval:
    """Spearman's rho and its bootstrap interval; NaN where undefined."""

    rho: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Row:
    """One set of one form.

    Attributes:
        form: spec of the form.
        components: the set, by its name in `SETS`.
        proxy: spec of the form with these components.
        best: whom it ranks first.
        figures: of that cell, by `FIGURES`, in [0, 1].
        rank: its place by average among all chosen cells, the best being 1.
        behind: how much better the best of them is by average.
        rho: by `RANKED`, over the n cells on which every set of the form succeeded.
        n: their number.
        failures: on how many of the chosen cells this set failed.
        reason: why on the first of these; empty without.
    """

    form: str
    components: str
    proxy: str
    best: Best
    figures: Mapping[str, float]
    rank: int
    behind: float
    rho: Mapping[str, Interval]
    n: int
    failures: int
    reason: str


@dataclass(frozen=True, eq=False)
class ComponentSets:
    """The table.

    Attributes:
        rows: by form, in the order of `SETS`.
        oracle: the chosen cell that is best by average, and its figures.
        chosen: number of cells.
        resamples, seed: of the bootstrap.
    """

    rows: tuple[Row, ...]
    oracle: tuple[str, Mapping[str, float]]
    chosen: int
    resamples: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, accuracies in [0, 1]; NaN as None."""
        return {
            "cells": self.chosen,
            "bootstrap": {"resamples": self.resamples, "seed": self.seed, "level": LEVEL},
            "rows": [
                {
                    "form": row.form,
                    "components": row.components,
                    "proxy": row.proxy,
                    "best": vars(row.best),
                    "figures": dict(row.figures),
                    "rank_by_average": row.rank,
                    "behind_the_best": row.behind,
                    "spearman": {
                        name: {key: None if math.isnan(v) else v for key, v in vars(found).items()}
                        for name, found in row.rho.items()
                    },
                    "n": row.n,
                    "failures": row.failures,
                    "first_reason": row.reason or None,
                }
                for row in self.rows
            ],
            "best_by_average": {"architecture": self.oracle[0], "figures": dict(self.oracle[1])},
        }


def figures_of(truth: Truth) -> dict[str, Floats]:
    """The columns of Table 5 for every architecture of a truth, by `FIGURES`, in [0, 1].

    Raises:
        CrozeError: when the truth lacks one of the measured columns.
    """
    found = {name: np.asarray(truth.values(column)) for name, column in RANKED.items()}
    pairs = zip(found["clean"].tolist(), found["fgsm"].tolist(), strict=True)
    found["hrs"] = np.array([harmonic_robustness(clean, robust) for clean, robust in pairs])
    found["avg"] = np.mean([found[name] for name in FIGURES[:-1]], axis=0)
    return found


def component_sets(
    truth: Truth,
    positions: NDArray[np.int64],
    ledger: Ledger,
    forms: Sequence[CrozeForm],
    *,
    resamples: int = 1000,
    seed: int = 0,
    watch: Callable[[int], None] = lambda done: None,
) -> ComponentSets:
    """Score these cells of a truth by every set of every form, and look the winners up.

    Args:
        truth: with the columns of `RANKED`.
        positions: of the cells, shape `(k,)`, from `select`.
        ledger: scores the cells in the truth's space, or finds their scores.
        forms: each once; what components they have does not matter.
        resamples, seed: of the bootstrap over cells.
        watch: called after every cell with the number of cells done.

    Raises:
        CrozeError: no form, too few cells, another space than the truth's, or a column that it lacks.
    """
    figures = {name: values[positions] for name, values in figures_of(truth).items()}
    space = ledger.evaluator.space.name
    if space != truth.space:
        raise CrozeError(
            f"The cells of {truth.name} are of the space {truth.space}, got a ledger of {space}."
        )
    if not forms or len(positions) < MINIMUM:
        raise CrozeError(
            f"Component sets need a form and at least {MINIMUM} cells, got {len(forms)} forms and "
            f"{len(positions)} cells."
        )
    architectures = [truth.architectures[i] for i in positions]
    place = {architecture: i for i, architecture in enumerate(architectures)}
    sets, scored = score_sets(ledger, architectures, forms, watch)
    top = int(figures["avg"].argmax())
    rows = []
    for form, own in sets.items():
        values = {name: scored.values[proxy.spec] for name, proxy in own.items()}
        winners = best_by_set(architectures, values)
        rho, n = _correlations(values, figures, resamples, seed)
        for name, proxy in own.items():
            i = place[winners[name].architecture]
            rows.append(
                Row(
                    form,
                    name,
                    proxy.spec,
                    winners[name],
                    {key: float(column[i]) for key, column in figures.items()},
                    1 + int((figures["avg"] > figures["avg"][i]).sum()),
                    float(figures["avg"][top] - figures["avg"][i]),
                    rho[name],
                    n,
                    int(np.isnan(values[name]).sum()),
                    scored.first_reason(proxy, architectures),
                )
            )
    oracle = (architectures[top], {key: float(column[top]) for key, column in figures.items()})
    return ComponentSets(tuple(rows), oracle, len(positions), resamples, seed)


def _correlations(
    values: Mapping[str, Floats], figures: Mapping[str, Floats], resamples: int, seed: int
) -> tuple[dict[str, dict[str, Interval]], int]:
    """By set and measured figure, on the cells where all sets succeeded; and the number of these."""
    scores = np.stack(list(values.values()))
    kept = np.isfinite(scores).all(axis=0)
    measured = np.stack([figures[name] for name in RANKED])
    found = bootstrap_spearman(scores[:, kept], measured[:, kept], resamples=resamples, seed=seed)
    low, high = percentile_interval(found.resampled, LEVEL)
    return {
        name: {
            key: Interval(float(found.rho[i, j]), float(low[i, j]), float(high[i, j]))
            for j, key in enumerate(RANKED)
        }
        for i, name in enumerate(values)
    }, int(kept.sum())
