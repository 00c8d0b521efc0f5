"""How proxies rank against a ground truth: Table 2 with intervals, beside size, all on the same cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import number_or_none
from croze.ranking.table import ColumnSet
from croze.stats import bootstrap_spearman, paired_difference, percentile_interval
from croze.truth.truth import Truth

Floats = NDArray[np.float64]

_MEAN = "mean"


@dataclass(frozen=True)
class Figure:
    """A rank correlation in [-1, 1]; NaN where undefined.

    Attributes:
        rho: Spearman's rho (of a group: the mean over its members).
        low, high: ends of its bootstrap interval.
        partial: the same figure from partial rhos given the number of live parameters; NaN without that.
        n: number of architectures behind it.
    """

    rho: float
    low: float
    high: float
    partial: float
    n: int

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "rho": number_or_none(self.rho),
            "low": number_or_none(self.low),
            "high": number_or_none(self.high),
            "partial": number_or_none(self.partial),
            "n": self.n,
        }


@dataclass(frozen=True)
class Row:
    """One proxy: its figure in every column, their mean, and on how many chosen cells it failed."""

    proxy: str
    columns: Mapping[str, Figure]
    mean: Figure
    failures: int
    n: int

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "proxy": self.proxy,
            "columns": {name: figure.to_json() for name, figure in self.columns.items()},
            "mean": self.mean.to_json(),
            "failures": self.failures,
            "n": self.n,
        }


@dataclass(frozen=True)
class Delta:
    """The rho of one proxy minus that of another, with the ends of its paired bootstrap interval."""

    delta: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "delta": number_or_none(self.delta),
            "low": number_or_none(self.low),
            "high": number_or_none(self.high),
        }


@dataclass(frozen=True)
class Difference:
    """One proxy against the reference, in every column and in their mean."""

    proxy: str
    against: str
    columns: Mapping[str, Delta]
    mean: Delta

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "proxy": self.proxy,
            "against": self.against,
            "columns": {name: delta.to_json() for name, delta in self.columns.items()},
            "mean": self.mean.to_json(),
        }


@dataclass(frozen=True)
class Comparison:
    """A table of proxies against a truth; every row rests on the same cells.

    Attributes:
        rows: one per proxy, in the order given.
        differences: every other proxy against the reference; empty without one.
        convention: the convention of the table's corruption groups.
        chosen: number of cells that were asked for.
        cells: number of them on which every proxy and the live-parameter count succeeded.
        distinct: number of isomorphism classes among the latter.
        control_failures: number of chosen cells without a live-parameter count.
        resamples, seed, level: of the bootstrap.
    """

    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    convention: str
    chosen: int
    cells: int
    distinct: int
    control_failures: int
    resamples: int
    seed: int
    level: float

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "rows": [row.to_json() for row in self.rows],
            "differences": [difference.to_json() for difference in self.differences],
            "convention": self.convention,
            "chosen": self.chosen,
            "cells": self.cells,
            "distinct": self.distinct,
            "control_failures": self.control_failures,
            "bootstrap": {"resamples": self.resamples, "seed": self.seed, "level": self.level},
        }


def compare(
    truth: Truth,
    table: ColumnSet,
    cells: NDArray[np.int64],
    scores: Mapping[str, Floats],
    live_params: Floats | None,
    *,
    reference: str | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Comparison:
    """The table of every proxy on the cells where all of them succeeded.

    The bootstrap draws cells; all proxies see the same draws, and a column's figure is formed anew on each.
    Where the cells hold several strings of one isomorphism class, these count as cells of their own, and the
    intervals are narrower than the number of distinct cells warrants.

    Args:
        truth: the ground truth.
        table: the columns, from `table2`.
        cells: positions in the truth, shape `(k,)`, from `select`.
        scores: by proxy, the score of each of these cells, shape `(k,)`, NaN where it failed; an infinite
            score counts as failed too.
        live_params: number of parameters that a gradient reaches, shape `(k,)`, NaN where unknown; None
            leaves the partial rhos undefined, and no cell out.
        reference: the proxy that the others are compared with; None leaves the differences out.
        resamples: number of bootstrap resamples.
        seed: the seed of the resamples.
        level: of the intervals, in (0, 1).

    Raises:
        CrozeError: no proxy, a reference that is none of them, cells that the truth does not have, or arrays
            that are not aligned with the cells.
    """
    if not scores:
        raise CrozeError("A comparison needs the scores of at least one proxy, got none.")
    if reference is not None and reference not in scores:
        raise CrozeError(f"The reference must be one of {', '.join(scores)}, got {reference!r}.")
    if len(cells) and (cells.min() < 0 or cells.max() >= len(truth)):
        raise CrozeError(f"Cells must lie in 0..{len(truth) - 1}, got {cells.min()} to {cells.max()}.")
    fixed = {} if live_params is None else {"The live-parameter count": live_params}
    for name, values in (*scores.items(), *fixed.items()):
        if values.shape != cells.shape:
            raise CrozeError(f"{name} must hold one value per cell, shape {cells.shape}, got {values.shape}.")

    proxies = np.stack([np.asarray(values, dtype=np.float64) for values in scores.values()])
    succeeded = np.isfinite(proxies)
    counted = np.ones(len(cells), dtype=np.bool_) if live_params is None else np.isfinite(live_params)
    usable = succeeded.all(axis=0) & counted
    kept = cells[usable]
    columns = np.stack([truth.values(name)[kept] for name in table.raw])
    control = None if live_params is None else live_params[usable]
    drawn = bootstrap_spearman(proxies[:, usable], columns, control, resamples=resamples, seed=seed)
    given = np.full_like(drawn.rho, np.nan) if drawn.partial is None else drawn.partial

    # From here on the last axis is the table's columns with their mean behind.
    rho, partial, resampled = (_with_mean(table.figures(raw)) for raw in (drawn.rho, given, drawn.resampled))
    low, high = percentile_interval(resampled, level)
    names = (*(column.name for column in table.columns), _MEAN)
    order = list(scores)
    rows = []
    for i, proxy in enumerate(order):
        figures = {
            name: Figure(float(rho[i, c]), float(low[i, c]), float(high[i, c]), float(partial[i, c]), drawn.n)
            for c, name in enumerate(names)
        }
        rows.append(Row(proxy, figures, figures.pop(_MEAN), int((~succeeded[i]).sum()), drawn.n))

    differences = []
    for i, proxy in enumerate(order):
        if reference is None or proxy == reference:
            continue
        base = order.index(reference)
        below, above = paired_difference(resampled[:, i], resampled[:, base], level)
        deltas = {
            name: Delta(float(rho[i, c] - rho[base, c]), float(below[c]), float(above[c]))
            for c, name in enumerate(names)
        }
        differences.append(Difference(proxy, reference, deltas, deltas.pop(_MEAN)))
    return Comparison(
        rows=tuple(rows),
        differences=tuple(differences),
        convention=table.convention,
        chosen=len(cells),
        cells=drawn.n,
        distinct=len(np.unique(truth.representative[kept])),
        control_failures=int((~counted).sum()),
        resamples=resamples,
        seed=seed,
        level=level,
    )


def _with_mean(figures: Floats) -> Floats:
    return np.concatenate([figures, figures.mean(axis=-1, keepdims=True)], axis=-1)
