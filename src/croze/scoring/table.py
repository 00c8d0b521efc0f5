"""Scores of one network, as terminal tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from croze.types import Score


def score_table(scores: Sequence[Score], title: str) -> Table:
    """A row a proxy: value, time, and what a reader has to know."""
    table = Table(title=title, title_justify="left")
    table.add_column("proxy", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("remarks", overflow="fold")
    for score in scores:
        value = "failed" if score.value is None else format_value(score.value)
        remarks = "; ".join((score.reason, *score.notes) if score.reason else score.notes)
        table.add_row(score.proxy, value, f"{score.seconds:.3f}", remarks)
    return table


def layer_table(score: Score) -> Table:
    """A row a layer: its terms, in forward order."""
    table = Table(title=f"{score.proxy}, layer by layer", title_justify="left")
    table.add_column("layer", overflow="fold")
    names = list(dict.fromkeys(name for layer in score.layers for name in layer.terms))
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for layer in score.layers:
        table.add_row(layer.layer, *(f"{layer.terms[n]:.6g}" if n in layer.terms else "" for n in names))
    return table


def format_value(value: float) -> str:
    """Whole numbers with separators, others with six digits."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
