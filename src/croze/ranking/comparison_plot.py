"""A comparison of proxies with a ground truth, as a figure: raw rho beside rho given live parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from croze.ranking.comparison import Comparison
from croze.reporting.chart import check_plot, save
from croze.reporting.palette import SERIES


@dataclass(frozen=True)
class Series:
    """One proxy's points: rho with its interval, and the partial rho, column by column."""

    proxy: str
    rho: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    partial: tuple[float, ...]


def series(comparison: Comparison) -> tuple[tuple[str, ...], list[Series]]:
    """Column names, and what is drawn for each proxy."""
    columns = (*comparison.rows[0].columns, "mean") if comparison.rows else ()
    found = []
    for row in comparison.rows:
        figures = (*row.columns.values(), row.mean)
        found.append(
            Series(
                row.proxy,
                tuple(f.rho for f in figures),
                tuple(f.low for f in figures),
                tuple(f.high for f in figures),
                tuple(f.partial for f in figures),
            )
        )
    return columns, found


def draw(comparison: Comparison, path: Path, title: str) -> None:
    """Write the figure; its kind follows the file's ending.

    Raises:
        CrozeError: as `check_plot`, or when the file cannot be written.
    """
    check_plot(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    columns, proxies = series(comparison)
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        raw, partial = figure.subplots(1, 2, sharey=True)
        for i, one in enumerate(proxies):
            colour = SERIES[i % len(SERIES)]
            places = _places(len(columns), i, len(proxies))
            # drawn apart: a percentile interval need not hold the point
            middles = [(low + high) / 2 for low, high in zip(one.low, one.high, strict=True)]
            halves = [(high - low) / 2 for low, high in zip(one.low, one.high, strict=True)]
            raw.errorbar(places, middles, halves, fmt="none", ecolor=colour, capsize=2)
            raw.plot(places, one.rho, "o", color=colour, markersize=5, label=one.proxy)
            partial.plot(places, one.partial, "o", color=colour, markersize=5)
        level = f"{comparison.level:.0%}"
        for axes, heading in ((raw, f"Spearman's rho, {level} interval"), (partial, "given live parameters")):
            axes.set_title(heading)
            axes.set_xticks(range(len(columns)), columns)
            axes.axhline(0, color="#888888", linewidth=0.8)
            axes.grid(axis="y", alpha=0.3)
        raw.set_ylabel("rank correlation with measured accuracy")
        figure.legend(loc="outside lower center", ncols=max(1, len(proxies)), frameon=False)
        figure.suptitle(title)
        save(figure, path)


def _places(columns: int, index: int, count: int) -> Sequence[float]:
    shift = (index - (count - 1) / 2) * 0.7 / max(count, 1)
    return [column + shift for column in range(columns)]
