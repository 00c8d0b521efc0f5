"""A comparison of proxies with a ground truth, as terminal tables."""

from __future__ import annotations

import math

from rich.table import Table

from croze.ranking.columns import SINGLE
from croze.ranking.comparison import Comparison, Delta, Figure


def rho_table(comparison: Comparison, title: str) -> Table:
    """Per proxy and column Spearman's rho, the partial rho given live parameters, and the interval."""
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("proxy", overflow="fold")
    names = list(comparison.rows[0].columns) if comparison.rows else []
    for name in (*names, "mean"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("failed", justify="right")
    for row in comparison.rows:
        table.add_row(row.proxy, *map(_figure, row.columns.values()), _figure(row.mean), str(row.failures))
    level = f"{comparison.level:.0%}"
    table.caption = (
        f"Spearman's rho; in brackets its {level} bootstrap interval ({comparison.resamples} resamples, seed "
        f"{comparison.seed}); after | the partial rho given live parameters. n = {comparison.cells} of "
        f"{comparison.chosen} cells ({comparison.distinct} distinct), those where every proxy succeeded. "
        + (
            ""
            if comparison.convention == SINGLE
            else f"Corruption groups: {comparison.convention} convention."
        )
    )
    return table


def difference_table(comparison: Comparison) -> Table:
    """Per proxy and column the rho minus the reference's, with its paired interval."""
    against = comparison.differences[0].against
    table = Table(title=f"Difference of rho to {against}, paired on the same cells", title_justify="left")
    table.add_column("proxy", overflow="fold")
    for name in (*comparison.differences[0].columns, "mean"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in comparison.differences:
        table.add_row(row.proxy, *map(_delta, row.columns.values()), _delta(row.mean))
    return table


def _figure(figure: Figure) -> str:
    return f"{_short(figure.rho)} | {_short(figure.partial)}\n({_short(figure.low)}, {_short(figure.high)})"


def _delta(delta: Delta) -> str:
    return (
        f"{_short(delta.delta, sign=True)}\n({_short(delta.low, sign=True)}, {_short(delta.high, sign=True)})"
    )


def _short(value: float, *, sign: bool = False) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:+.3f}".replace("0.", ".") if sign else f"{value:.3f}".replace("0.", ".")
