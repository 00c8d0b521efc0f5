"""How good a ranking is beyond one rank correlation: size held fixed, the top, the pick."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import number_or_none
from croze.stats import (
    best_of_random,
    best_of_top,
    chance_at,
    drawn_counts,
    kendall_under,
    ndcg_at,
    partial_correlation,
    partial_given_all,
    percentile_interval,
    picked,
    precision_at,
    random_ndcg_at,
    rank_correlations,
    rho_within,
    size_groups,
    weighted_tau,
)
from croze.truth.truth import Truth

Floats = NDArray[np.float64]

ALL_SIZES = "all sizes"
"""The name of the partial rho given every size at once."""

LEAST = 3
"""Cells below which nothing is computed."""


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its bootstrap interval; NaN where undefined or not asked for."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "value": number_or_none(self.value),
            "low": number_or_none(self.low),
            "high": number_or_none(self.high),
        }


@dataclass(frozen=True)
class Decile:
    """Rho among the cells of one tenth by size.

    Attributes:
        n: number of cells; equal sizes stay together, so these differ.
        smallest, largest: sizes of its cells; NaN for an empty one.
        rho: Spearman's rho among them; NaN where undefined.
    """

    n: int
    smallest: float
    largest: float
    rho: float

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        found = {name: number_or_none(value) for name, value in vars(self).items() if name != "n"}
        return {"n": self.n, **found}


@dataclass(frozen=True)
class Top:
    """The k cells that a proxy ranks first; means over all orders of equal scores.

    Attributes:
        k: how many.
        precision: share of them that are among the k most accurate.
        chance: the same share of a random order.
        ndcg: normalised discounted cumulative gain, the gain being the accuracy.
        random_ndcg: the same of a random order.
        regret: best accuracy of all cells less the best among the k.
        random_regret: the same for k cells drawn at random.
    """

    k: int
    precision: Estimate
    chance: float
    ndcg: Estimate
    random_ndcg: float
    regret: float
    random_regret: float

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "k": self.k,
            "precision": self.precision.to_json(),
            "chance": number_or_none(self.chance),
            "ndcg": self.ndcg.to_json(),
            "random_ndcg": number_or_none(self.random_ndcg),
            "regret": number_or_none(self.regret),
            "random_regret": number_or_none(self.random_regret),
        }


@dataclass(frozen=True)
class Verdict:
    """One proxy on one column.

    Attributes:
        spearman, kendall: rank correlations, ties as SciPy has them.
        weighted: Vigna's weighted tau, in which the top counts most.
        partial: rho with a size held fixed, by the size's name, and with all of them under `ALL_SIZES`.
        within: mean rho inside deciles of live parameters, weighing their cells.
        deciles: the ten of them.
        top: by k, ascending.
        accuracy: of the cell that is ranked first (the mean over those that share the first place).
        sharing: number of cells that share it.
        regret: best accuracy of all cells less this one.
    """

    spearman: Estimate
    kendall: Estimate
    weighted: float
    partial: Mapping[str, Estimate]
    within: Estimate
    deciles: tuple[Decile, ...]
    top: tuple[Top, ...]
    accuracy: float
    sharing: int
    regret: Estimate

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "spearman": self.spearman.to_json(),
            "kendall": self.kendall.to_json(),
            "weighted_tau": number_or_none(self.weighted),
            "partial": {name: estimate.to_json() for name, estimate in self.partial.items()},
            "within_deciles": self.within.to_json(),
            "deciles": [decile.to_json() for decile in self.deciles],
            "top": [top.to_json() for top in self.top],
            "picked_accuracy": number_or_none(self.accuracy),
            "sharing_first_place": self.sharing,
            "regret": self.regret.to_json(),
        }


@dataclass(frozen=True)
class Pool:
    """What the cells offer in one column: the oracle's pick, and that of a random draw."""

    best: float
    mean: float
    deviation: float

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {name: number_or_none(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Standing:
    """One proxy: its verdict in every column, on how many chosen cells it failed, whether it is constant."""

    proxy: str
    columns: Mapping[str, Verdict]
    failures: int
    constant: bool

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "proxy": self.proxy,
            "columns": {name: verdict.to_json() for name, verdict in self.columns.items()},
            "failures": self.failures,
            "constant": self.constant,
        }


@dataclass(frozen=True)
class Quality:
    """Proxies on one set of cells; every figure rests on the cells where every proxy and size succeeded.

    Attributes:
        name: of the set, such as `distinct cells, report half`.
        rows: one a proxy, in the order given.
        pools: by column, what the cells offer.
        sizes: names of the sizes that partial correlations hold fixed.
        chosen: number of cells in the set.
        cells: number of those that the figures rest on.
        distinct: number of isomorphism classes among the latter.
        size_failures: chosen cells without a size, by its name.
        resamples, seed, level: of the bootstrap over cells.
        deep: whether all figures have intervals, not Spearman's and the partial rhos alone.
    """

    name: str
    rows: tuple[Standing, ...]
    pools: Mapping[str, Pool]
    sizes: tuple[str, ...]
    chosen: int
    cells: int
    distinct: int
    size_failures: Mapping[str, int]
    resamples: int
    seed: int
    level: float
    deep: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.pools)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "name": self.name,
            "rows": [row.to_json() for row in self.rows],
            "pools": {name: pool.to_json() for name, pool in self.pools.items()},
            "sizes": list(self.sizes),
            "chosen": self.chosen,
            "cells": self.cells,
            "distinct": self.distinct,
            "size_failures": dict(self.size_failures),
            "bootstrap": {
                "resamples": self.resamples,
                "seed": self.seed,
                "level": self.level,
                "all_figures": self.deep,
            },
        }


def quality(
    truth: Truth,
    columns: Sequence[str],
    cells: NDArray[np.int64],
    scores: Mapping[str, Floats],
    sizes: Mapping[str, Floats],
    *,
    name: str = "all cells",
    grouped_by: str = "live-params",
    tops: Sequence[int] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    deep: bool = True,
    brief: bool = False,
) -> Quality:
    """Every figure of every proxy in these columns, on the cells where all proxies and sizes are finite.

    The bootstrap draws cells; all figures see the same draws. An aggregate's values are kept as they are.

    Args:
        truth: the ground truth.
        columns: its raw columns to judge by.
        cells: positions in the truth, shape `(k,)`.
        scores: by proxy, larger being better, shape `(k,)`, NaN where it failed; infinite counts as failed.
        sizes: what partial correlations hold fixed, by name, shape `(k,)`, NaN where unknown.
        name: of the set of cells.
        grouped_by: the size whose deciles rho is taken inside of.
        tops: the k of the top figures; 10, 50 and 5% of the cells without. Those of n and more are left out.
        resamples, seed, level: of the bootstrap.
        deep: intervals for all figures; without, for Spearman's and the partial rhos alone, which is quick.
        brief: Spearman's rho with its interval alone, all other figures undefined.

    Raises:
        CrozeError: no proxy or column, a `grouped_by` that is no size, or arrays that are not aligned.
    """
    if not scores or not columns:
        raise CrozeError(
            f"Judging a ranking needs a proxy and a column, got {len(scores)} proxies and "
            f"{len(columns)} columns."
        )
    if grouped_by not in sizes:
        raise CrozeError(f"Cells are grouped by one of {', '.join(sizes)}, got {grouped_by!r}.")
    for what, values in (*scores.items(), *sizes.items()):
        if values.shape != cells.shape:
            raise CrozeError(f"{what} must hold one value per cell, shape {cells.shape}, got {values.shape}.")
    x, z = (np.stack([np.asarray(v, dtype=np.float64) for v in some.values()]) for some in (scores, sizes))
    usable = np.isfinite(x).all(axis=0) & np.isfinite(z).all(axis=0)
    kept = cells[usable]
    n = len(kept)
    y = np.stack([truth.values(column)[kept] for column in columns])
    failures = (~np.isfinite(x)).sum(axis=1)
    lost = {size: int((~np.isfinite(row)).sum()) for size, row in zip(sizes, z, strict=True)}
    x, z = x[:, usable], z[:, usable]
    constant = [n > 0 and bool(row.min() == row.max()) for row in x]
    pools = {
        column: Pool(float(row.max()), float(row.mean()), float(row.std())) if n else Pool(*[math.nan] * 3)
        for column, row in zip(columns, y, strict=True)
    }
    verdicts = (
        _rho_alone(x, y, sizes, drawn_counts(n, resamples, seed), level)
        if brief and n >= LEAST
        else _verdicts(
            x, y, z, list(sizes), grouped_by, _tops(tops, n), drawn_counts(n, resamples, seed), level, deep
        )
        if n >= LEAST
        else [[_undefined(sizes)] * len(columns)] * len(x)
    )
    rows = tuple(
        Standing(proxy, dict(zip(columns, verdicts[i], strict=True)), int(failures[i]), constant[i])
        for i, proxy in enumerate(scores)
    )
    distinct = len(np.unique(truth.representative[kept]))
    return Quality(
        name,
        rows,
        pools,
        tuple(sizes),
        len(cells),
        n,
        distinct,
        lost,
        resamples,
        seed,
        level,
        deep,
    )


def _tops(tops: Sequence[int] | None, n: int) -> list[int]:
    wanted = (10, 50, round(0.05 * n)) if tops is None else tops
    return sorted({k for k in wanted if 1 <= k < n})


def _undefined(sizes: Mapping[str, Floats]) -> Verdict:
    none = Estimate(math.nan)
    partial = dict.fromkeys((*sizes, ALL_SIZES), none)
    return Verdict(none, none, math.nan, partial, none, (), (), math.nan, 0, none)


def _rho_alone(
    x: Floats, y: Floats, sizes: Mapping[str, Floats], counts: Floats, level: float
) -> list[list[Verdict]]:
    pairs = rank_correlations(np.concatenate([x, y]), len(x), counts)
    rhos = _estimates(pairs[:, :, len(x) :], level)
    return [[replace(_undefined(sizes), spearman=rho) for rho in row] for row in rhos]


def _verdicts(
    x: Floats,
    y: Floats,
    z: Floats,
    sizes: list[str],
    grouped_by: str,
    tops: Sequence[int],
    counts: Floats,
    level: float,
    deep: bool,
) -> list[list[Verdict]]:
    p, m, q = len(x), len(y), len(z)
    pairs = rank_correlations(np.concatenate([x, z, y]), p + q, counts)
    rho, xz = pairs[:, :p, p + q :], pairs[:, :p, p : p + q]
    yz, zz = pairs[:, p : p + q, p + q :].swapaxes(-1, -2), pairs[:, p : p + q, p : p + q]
    partials = {
        size: partial_correlation(rho, xz[:, :, s, None], yz[:, None, :, s]) for s, size in enumerate(sizes)
    }
    partials[ALL_SIZES] = partial_given_all(rho, xz, yz, zz)
    looked = counts if deep else counts[:1]
    tau = kendall_under(x, y, looked)
    size = z[sizes.index(grouped_by)]
    groups = size_groups(size)
    within = rho_within(groups, x, y, looked)
    rhos, taus, means = (_estimates(some, level) for some in (rho, tau, within.mean()))
    left = {name: _estimates(values, level) for name, values in partials.items()}
    spans = [
        (size[groups == g].min(), size[groups == g].max()) if within.n[0, g] else (math.nan, math.nan)
        for g in range(within.rho.shape[1])
    ]
    found = []
    for i in range(p):
        row = []
        for j in range(m):
            accuracy, sharing = picked(x[i], y[j], looked)
            best = np.max(np.where(looked > 0, y[j], -np.inf), axis=1)
            row.append(
                Verdict(
                    rhos[i][j],
                    taus[i][j],
                    weighted_tau(x[i], y[j]),
                    {name: estimates[i][j] for name, estimates in left.items()},
                    means[i][j],
                    tuple(
                        Decile(int(within.n[0, g]), float(low), float(high), float(within.rho[0, g, i, j]))
                        for g, (low, high) in enumerate(spans)
                    ),
                    tuple(_top(x[i], y[j], k, looked, level) for k in tops),
                    float(accuracy[0]),
                    int(sharing[0]),
                    _estimate(best - accuracy, level),
                )
            )
        found.append(row)
    return found


def _top(x: Floats, y: Floats, k: int, counts: Floats, level: float) -> Top:
    best = float(y.max())
    return Top(
        k,
        _estimate(precision_at(x, y, k, counts), level),
        float(chance_at(y, k, counts[:1])[0]),
        _estimate(ndcg_at(x, y, k, counts), level),
        float(random_ndcg_at(y, k, counts[:1])[0]),
        best - best_of_top(x, y, k),
        best - best_of_random(y, k),
    )


def _estimate(figures: Floats, level: float) -> Estimate:
    """The figure as given, first, with the interval of its resamples; none where it is undefined itself."""
    return _estimates(figures[:, None, None], level)[0][0]


def _estimates(figures: Floats, level: float) -> list[list[Estimate]]:
    """The same of many, shape `(B, p, m)`, by proxy and column."""
    low, high = np.full((2, *figures.shape[1:]), np.nan)
    if len(figures) > 1:
        low, high = percentile_interval(figures[1:], level)
    ends = np.where(np.isnan(figures[0]), np.nan, np.stack([low, high]))
    table = np.stack([figures[0], *ends], axis=-1)
    return [[Estimate(*figure) for figure in row] for row in table.tolist()]
