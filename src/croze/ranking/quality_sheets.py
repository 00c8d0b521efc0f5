"""The quality of rankings as tables: beyond rho, inside size deciles, on top, and by set of cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from croze.ranking.quality import ALL_SIZES, Estimate, Quality, Top, Verdict
from croze.reporting.table import Table
from croze.reporting.text import interval_text, rho_text
from croze.truth.columns import MEAN_CORRUPTION

HEADINGS: Mapping[str, str] = {"clean": "clean", "fgsm@8": "FGSM-8", MEAN_CORRUPTION: "corruptions"}
"""Columns by a name for readers; others keep theirs."""


def quality_sheets(quality: Quality) -> list[Table]:
    """All tables of one set of cells: per column beyond rho, on top and deciles; then the failures."""
    found = []
    for column in quality.columns:
        found += [beyond_rho(quality, column), on_top(quality, column), deciles(quality, column)]
    return [sheet for sheet in (*found, failures(quality)) if sheet.rows]


def beyond_rho(quality: Quality, column: str) -> Table:
    """Rank correlations of each proxy with a column, and what is left of them when size is held fixed."""
    given = [f"given {size}" for size in (*quality.sizes, ALL_SIZES)]
    head = ("proxy", "rho", "tau-b", "weighted tau", *given, "in deciles")

    def cells(verdict: Verdict) -> list[str]:
        partial = [_figure(verdict.partial[size]) for size in (*quality.sizes, ALL_SIZES)]
        figures = (_figure(verdict.spearman), _figure(verdict.kendall), rho_text(verdict.weighted))
        return [*figures, *partial, _figure(verdict.within)]

    return _sheet(quality, column, "rank correlations", head, cells)


def on_top(quality: Quality, column: str) -> Table:
    """What each proxy ranks on top of a column, and the accuracy it picks, beside chance and the oracle."""
    tops = _tops(quality, column)
    head = [
        "proxy",
        *(f"P@{top.k}" for top in tops),
        *(f"nDCG@{top.k}" for top in tops),
        "regret",
        *(f"regret, best of {top.k}" for top in tops),
        "picks",
        "sharing",
    ]

    def cells(verdict: Verdict) -> list[str]:
        return [
            *(_figure(top.precision) for top in verdict.top),
            *(_figure(top.ndcg) for top in verdict.top),
            _points(verdict.regret),
            *(_point(top.regret) for top in verdict.top),
            _point(verdict.accuracy),
            f"{verdict.sharing:,}",
        ]

    sheet = _sheet(quality, column, "the top and the pick", tuple(head), cells)
    if not sheet.rows or not tops:
        return sheet
    pool = quality.pools[column]
    oracle = ["*oracle*", *["1.000"] * (2 * len(tops)), *["0.00"] * (1 + len(tops)), _point(pool.best), ""]
    random = [
        "*random*",
        *(rho_text(top.chance) for top in tops),
        *(rho_text(top.random_ndcg) for top in tops),
        f"{_point(pool.best - pool.mean)} ± {_point(pool.deviation)}",
        *(_point(top.random_regret) for top in tops),
        _point(pool.mean),
        "",
    ]
    return Table(sheet.title, sheet.note, sheet.head, (*sheet.rows, tuple(oracle), tuple(random)))


def deciles(quality: Quality, column: str) -> Table:
    """Rho of each proxy inside each tenth of the cells by live parameters."""
    first = _first(quality, column)
    parts = () if first is None else first.deciles
    head = ("proxy", *(f"{i}: {part.n:,}" for i, part in enumerate(parts, start=1)), "mean")

    def cells(verdict: Verdict) -> list[str]:
        return [*(rho_text(part.rho) for part in verdict.deciles), _figure(verdict.within)]

    sheet = _sheet(quality, column, "rho inside size deciles", head, cells)
    spans = ", ".join(
        f"{i}: {part.smallest:,.0f} to {part.largest:,.0f}" if part.n else f"{i}: none"
        for i, part in enumerate(parts, start=1)
    )
    note = f"{sheet.note} Live parameters by decile: {spans}."
    return Table(sheet.title, note, sheet.head, sheet.rows if parts else ())


def by_set(qualities: Sequence[Quality], column: str) -> Table:
    """Rho of each proxy with a column on every set of cells: both conventions, both halves."""
    rows = []
    for i, row in enumerate(qualities[0].rows):
        found = [quality.rows[i].columns[column].spearman for quality in qualities]
        rows.append((f"`{row.proxy}`", *map(_figure, found)))
    counts = "; ".join(f"{quality.name}: {_counted(quality)}" for quality in qualities)
    note = (
        f"Spearman's rho. {counts}. What is tuned is tuned on the choose half; figures to quote are those of "
        "the report half."
    )
    head = ("proxy", *(quality.name for quality in qualities))
    return Table(f"{_heading(column)}: rho by set of cells", note, head, tuple(rows))


def failures(quality: Quality) -> Table:
    """What could not be ranked: failures by proxy and size, and proxies that are the same for all cells."""
    rows = []
    for row in quality.rows:
        said = [f"failed on {row.failures:,} of {quality.chosen:,}"] if row.failures else []
        said += ["the same for all cells, so it ranks nothing"] if row.constant else []
        if said:
            rows.append((f"`{row.proxy}`", "; ".join(said)))
    for size, count in quality.size_failures.items():
        if count and all(row.proxy != size for row in quality.rows):
            rows.append((f"`{size}`", f"unknown for {count:,} of {quality.chosen:,}"))
    note = "A cell on which one of them fails is left out for all."
    return Table(f"Failures: {quality.name}", note, ("proxy", "what"), tuple(rows), prose=True)


def notes(quality: Quality) -> list[str]:
    """How to read the tables, a line each."""
    with_intervals = "all figures" if quality.deep else "Spearman's and the partial rhos"
    return [
        "Every proxy is turned so that its better end counts as high. `-` stands where there is no figure: a "
        "score that is the same for all cells, or a size that explains all of it. All rows of a table rest "
        "on the cells on which every proxy and every size succeeded.",
        f"Brackets hold {quality.level:.0%} bootstrap intervals of {with_intervals} ({quality.resamples:,} "
        f"resamples of the cells, seed {quality.seed}); an aggregate keeps its ranks in them.",
        "*rho*: Spearman's; *tau-b*: Kendall's, corrected for ties; *weighted tau*: Vigna's, in which "
        "exchanges on top count most.",
        "*given*: the partial rank correlation with a size held fixed, from the residuals of ranks; with "
        "*all sizes*, given them together.",
        "*in deciles*: rho inside tenths of the cells by live parameters, and their mean, each weighing its "
        "cells. Cells of equal size stay together: all go where their mid-rank lies, so tenths differ in "
        "number.",
        "*P@k*: share of the k cells ranked first whose accuracy is at least the k-th best. *nDCG@k*: "
        "accuracies of the first k, discounted by log2(1 + place), over those of the best order; the gain is "
        "the accuracy itself, as in the published code of VKDNW (Tybl and Neumann 2025), so read it beside "
        "that of a random order.",
        "*regret*: percentage points between the best accuracy there is and that of the cell ranked first "
        "(*picks*, the mean over those that share the first place, *sharing* their number); of a random pick "
        "the mean and the standard deviation. *best of k*: the best of the first k instead, as if k were "
        "trained. Equal scores count in every order: figures are means over all of them. A resample holds "
        "copies of cells and lacks others, so intervals of what only the very top decides are rough.",
    ]


def _sheet(
    quality: Quality, column: str, what: str, head: tuple[str, ...], cells: Callable[[Verdict], list[str]]
) -> Table:
    rows = [(f"`{row.proxy}`", *cells(row.columns[column])) for row in quality.rows]
    title = f"{_heading(column)}, {quality.name}: {what}"
    return Table(title, f"{_counted(quality)}.", head, tuple(rows) if quality.cells else ())


def _first(quality: Quality, column: str) -> Verdict | None:
    return quality.rows[0].columns.get(column) if quality.rows else None


def _tops(quality: Quality, column: str) -> tuple[Top, ...]:
    first = _first(quality, column)
    return () if first is None else first.top


def _counted(quality: Quality) -> str:
    return f"n = {quality.cells:,} of {quality.chosen:,} cells, {quality.distinct:,} of them distinct"


def _heading(column: str) -> str:
    return HEADINGS.get(column, column)


def _figure(estimate: Estimate) -> str:
    return interval_text(estimate.value, estimate.low, estimate.high)


def _point(value: float) -> str:
    """A share as percent."""
    return "-" if math.isnan(value) else f"{round(100 * value, 2) + 0.0:.2f}"  # never -0.00


def _points(estimate: Estimate) -> str:
    if math.isnan(estimate.low):
        return _point(estimate.value)
    return f"{_point(estimate.value)} ({_point(estimate.low)} to {_point(estimate.high)})"
