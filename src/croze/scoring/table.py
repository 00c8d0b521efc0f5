"""Scores of one network as tables."""

from __future__ import annotations

from collections.abc import Sequence

from croze.reporting.table import Table
from croze.types import Score


def score_table(scores: Sequence[Score], title: str) -> Table:
    """A row a proxy: value, time, and what a reader has to know."""
    rows = (
        (
            score.proxy,
            "failed" if score.value is None else format_value(score.value),
            f"{score.seconds:.3f}",
            "; ".join((score.reason, *score.notes) if score.reason else score.notes),
        )
        for score in scores
    )
    return Table(title, "", ("proxy", "score", "seconds", "remarks"), tuple(rows), prose=True)


def layer_table(score: Score) -> Table:
    """A row a layer: its terms, in forward order."""
    names = tuple(dict.fromkeys(name for layer in score.layers for name in layer.terms))
    rows = (
        (layer.layer, *(f"{layer.terms[n]:.6g}" if n in layer.terms else "" for n in names))
        for layer in score.layers
    )
    return Table(f"{score.proxy}, layer by layer", "", ("layer", *names), tuple(rows))


def format_value(value: float) -> str:
    """Whole numbers with separators, others with six digits."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
