"""The page of a benchmark: Table 2's columns, then everything else that there is to say of the rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from croze.ranking.columns import SINGLE
from croze.ranking.comparison import Comparison, Delta
from croze.ranking.proxy_page import DIGITS, figure_text
from croze.ranking.quality import Quality
from croze.ranking.quality_sheets import by_set, notes, quality_sheets
from croze.reporting.page import Page
from croze.reporting.table import Table
from croze.reporting.text import interval_text, rho_text
from croze.truth.truth import Truth


def benchmark_page(
    truth: Truth,
    comparison: Comparison,
    judged: Sequence[Quality],
    *,
    drawn: str,
    scores: str,
    made: Mapping[str, Any],
) -> Page:
    """The page as data.

    Args:
        truth: the ground truth.
        comparison: the columns of Table 2.
        judged: the rankings' quality by set of cells, the chosen cells first; may be empty.
        drawn: which cells were chosen.
        scores: what they were scored on.
        made: the provenance.
    """
    files = ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in truth.provenance.sha256.items())
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    basis = [f"cells: {drawn}", f"scores: {scores}", versions, f"files (SHA-256): {files}"]
    sheets = [rho_sheet(comparison), partial_sheet(comparison), difference_sheet(comparison)]
    if len(judged) > 1:
        sheets += [by_set(judged, column) for column in judged[0].columns]
    sheets += [sheet for one in judged for sheet in quality_sheets(one)]
    return Page(
        f"Proxies against {truth.name}, {truth.dataset}",
        f"How proxies rank the cells of {truth.name} beside their measured accuracies on {truth.dataset}.",
        made["command"],
        basis,
        notes(judged[0]) if judged else ["A figure is Spearman's rho with the measured accuracy."],
        [sheet for sheet in sheets if sheet.rows],
    )


def rho_sheet(comparison: Comparison) -> Table:
    """Spearman's rho with its interval, by column."""
    single = comparison.convention == SINGLE
    names = _names(comparison)
    rows = [
        (
            f"`{row.proxy}`",
            *(figure_text(figure) for figure in (*row.columns.values(), row.mean)),
            f"{row.failures:,}",
        )
        for row in comparison.rows
    ]
    note = (
        f"n = {comparison.cells:,} of {comparison.chosen:,} cells ({comparison.distinct:,} distinct). A "
        "corruption's figure is the mean of rho over its five severities"
    )
    grouped = f", a group's the mean over its corruptions; groups: {comparison.convention} convention"
    note += "." if single else f"{grouped}."
    return Table(
        "Rho by column" if single else "Table 2's columns: rho",
        note,
        ("proxy", *names, "failed"),
        tuple(rows),
    )


def partial_sheet(comparison: Comparison) -> Table:
    """The partial rho given live parameters, by column."""
    rows = [
        (f"`{row.proxy}`", *(rho_text(f.partial) for f in (*row.columns.values(), row.mean)))
        for row in comparison.rows
    ]
    head = ("proxy", *_names(comparison))
    title = "Rho" if comparison.convention == SINGLE else "Table 2's columns: rho"
    return Table(f"{title} given live parameters", "", head, tuple(rows))


def difference_sheet(comparison: Comparison) -> Table:
    """Rho less the reference's, with paired intervals."""
    rows = [
        (f"`{row.proxy}`", *map(_delta, (*row.columns.values(), row.mean))) for row in comparison.differences
    ]
    against = comparison.differences[0].against if comparison.differences else ""
    note = "Both on the same resamples; where the interval leaves 0 out, one of them ranks better."
    head = ("proxy", *_names(comparison))
    return Table(f"Difference of rho to {against}, paired", note, head, tuple(rows))


def _names(comparison: Comparison) -> tuple[str, ...]:
    return (*(comparison.rows[0].columns if comparison.rows else ()), "mean")


def _delta(delta: Delta) -> str:
    return interval_text(delta.delta, delta.low, delta.high)
