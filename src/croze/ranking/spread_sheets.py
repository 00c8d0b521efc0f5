"""The spread of rankings over initial weights and batches, as tables."""

from __future__ import annotations

import math

from croze.ranking.quality_sheets import HEADINGS
from croze.ranking.spread import Column, Spread
from croze.reporting.table import Table
from croze.reporting.text import rho_text

SIDES = {"both": "both halves", "report": "report half", "choose": "choose half"}


def spread_sheets(spread: Spread) -> list[Table]:
    """Rho over the draws, and what averaging ranks over draws gains."""
    columns = list(spread.rows[0].columns) if spread.rows else []
    headings = [HEADINGS.get(column, column) for column in columns]
    counted = (
        f"{len(spread.draws)} draws (seeds {', '.join(map(str, spread.draws))}); n = {spread.cells:,} of "
        f"{spread.chosen:,} cells."
    )
    over = tuple(
        (
            f"`{row.proxy}`",
            *(_over(row.columns[column]) for column in columns),
            rho_text(row.agreement),
            str(max(row.failures)),
        )
        for row in spread.rows
    )
    draws = range(1, len(spread.draws) + 1)
    place = f"{spread.varied}, {SIDES[spread.half]}"
    averaged = tuple(
        (
            f"`{row.proxy}`",
            heading,
            *(rho_text(rho) for rho in row.columns[column].averaged),
            _needed(row.columns[column]),
        )
        for row in spread.rows
        for column, heading in zip(columns, headings, strict=True)
    )
    return [
        Table(f"Rho over {place}", counted, ("proxy", *headings, "agreement", "failed, at most"), over),
        Table(
            f"Ranks averaged over {place}",
            counted,
            ("proxy", "column", *(f"k = {k}" for k in draws), "needed"),
            averaged,
        ),
    ]


def notes(tolerance: float) -> list[str]:
    """How to read the tables, a line each."""
    return [
        "Rho is Spearman's with the measured accuracy: mean ± standard deviation over the draws (that of a "
        "sample), in brackets the least and the largest. All draws rest on the cells on which every proxy "
        "succeeded in every one of them.",
        "*Initial weights*: other seeds of the weights and of what is random in a pass, the same batch. "
        "*Batch*: other images, the same weights.",
        "What this project made up was chosen on the choose half of the cells, split by isomorphism class: "
        "quote the report half. An aggregate ranks all chosen cells among each other.",
        "*agreement*: Spearman's rho between the scores of two draws, the mean over all pairs.",
        "*k = ...*: rho of the mean rank over k draws, the mean over subsets of k. *needed*: the least k "
        f"that loses less than {tolerance:g} of rho against all draws together; *or more* where nothing less "
        "than all of them does.",
    ]


def _over(column: Column) -> str:
    if math.isnan(column.mean):
        return "-"
    deviation = "" if math.isnan(column.deviation) else f" ± {rho_text(column.deviation)}"
    return f"{rho_text(column.mean)}{deviation} ({rho_text(min(column.rho))} to {rho_text(max(column.rho))})"


def _needed(column: Column) -> str:
    if not column.needed:
        return "-"
    total = len(column.averaged)
    return f"{total} or more" if column.needed == total > 1 else str(column.needed)
