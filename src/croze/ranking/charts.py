"""The charts of a benchmark: rho as a map, raw against size-controlled rho, differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from croze.reporting.chart import MARKS, Chart, Layout, canvas, legend_above
from croze.reporting.palette import BAND, PANEL, SERIES, SOFT, diverging
from croze.reporting.table import Table
from croze.reporting.text import correlation, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEAN = "mean"
ROW = 24
"""Pixels a row of a map."""


@dataclass(frozen=True)
class Standing:
    """One proxy: raw and size-controlled rho by column, the mean behind, and the interval of the raw ones."""

    proxy: str
    rho: tuple[float, ...]
    partial: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Difference:
    """One proxy's rho minus the reference's, the mean over columns, with the paired interval."""

    proxy: str
    against: str
    delta: float
    low: float
    high: float


def standings(result: Mapping[str, Any]) -> tuple[tuple[str, ...], list[Standing]]:
    """Columns with the mean behind, and the proxies, best mean first."""
    rows = result["rows"]
    columns = (*rows[0]["columns"], MEAN) if rows else ()
    found = []
    for row in rows:
        figures = [*row["columns"].values(), row["mean"]]
        found.append(
            Standing(
                row["proxy"],
                *(tuple(_number(f[key]) for f in figures) for key in ("rho", "partial", "low", "high")),
            )
        )
    return columns, sorted(found, key=lambda s: math.inf if math.isnan(s.rho[-1]) else -s.rho[-1])


def differences(result: Mapping[str, Any]) -> list[Difference]:
    """Of every proxy but the reference, best first."""
    found = [
        Difference(d["proxy"], d["against"], *(_number(d["mean"][key]) for key in ("delta", "low", "high")))
        for d in result.get("differences") or []
    ]
    return sorted(found, key=lambda d: math.inf if math.isnan(d.delta) else -d.delta)


def benchmark_charts(result: Mapping[str, Any]) -> tuple[Chart, ...]:
    """All that the result has data for."""
    columns, proxies = standings(result)
    if not proxies or not any(not math.isnan(v) for s in proxies for v in s.rho):
        return ()
    n, level = result["cells"], f"{result['bootstrap']['level']:.0%}"
    best = proxies[0]
    charts = [
        _map(
            "benchmark-rho", "Spearman's rho, proxies by columns",
            f"How well each proxy ranks {n:,} cells by measured accuracy: 1 is the same order, 0 none, "
            "below 0 "
            "the opposite. Columns are kinds of accuracy; the best mean comes first.",
            columns, [(s.proxy, s.rho) for s in proxies],
            f"{best.proxy} ranks best with a mean rho of {correlation(best.rho[-1])} over {len(columns) - 1} "
            "columns.",
        ),
        _dumbbells(proxies, level),
        _map(
            "benchmark-partial", "Size-controlled rho, proxies by columns",
            "The same given the number of live parameters: what a proxy knows beyond size. Same order of "
            "rows.",
            columns, [(s.proxy, s.partial) for s in proxies],
            "Partial rank correlations given live parameters, "
            + ", ".join(f"{s.proxy} {correlation(s.partial[-1])}" for s in proxies[:5]) + " on the mean.",
        ),
    ]  # fmt: skip
    deltas = differences(result)
    if deltas:
        charts.append(_deltas(deltas, level))
    return tuple(charts)


def _map(
    name: str,
    heading: str,
    reading: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, tuple[float, ...]]],
    alt: str,
) -> Chart:
    def draw(layout: Layout) -> Figure:
        if not layout.narrow:
            figure = canvas(layout, 44 + ROW * len(rows))
            _cells(figure.subplots(), columns, rows, layout, top=True)
            return figure
        # a phone shows a few columns at a time, below each other, the proxies beside each
        most = 4
        blocks = [range(i, min(i + most, len(columns))) for i in range(0, len(columns), most)]
        figure = canvas(layout, len(blocks) * (40 + (ROW + 2) * len(rows)))
        for axes, block in zip(figure.subplots(len(blocks), 1, squeeze=False)[:, 0], blocks, strict=True):
            part = [(proxy, tuple(values[i] for i in block)) for proxy, values in rows]
            _cells(axes, [columns[i] for i in block], part, layout, top=True, wide=most)
        return figure

    table = tuple((proxy, *(correlation(v) for v in values)) for proxy, values in rows)
    return Chart(name, heading, reading, alt, Table(heading, "", ("proxy", *columns), table), draw)


def _cells(
    axes: Axes,
    columns: Sequence[str],
    rows: Sequence[tuple[str, tuple[float, ...]]],
    layout: Layout,
    *,
    top: bool,
    wide: int = 0,
) -> None:
    from matplotlib.patches import Rectangle

    for i, (_, values) in enumerate(rows):
        for j, value in enumerate(values):
            fill, text = diverging(0.0 if math.isnan(value) else value)
            apart = 0.06 if columns[j] == MEAN else 0.0
            axes.add_patch(
                Rectangle(
                    (j + apart, i), 1 - apart, 1, edgecolor=PANEL,
                    facecolor=PANEL if math.isnan(value) else fill,
                    linewidth=1.5, gid=f"{MARKS}-{i}-{columns[j]}",
                )
            )  # fmt: skip
            axes.text(
                j + 0.5 + apart / 2, i + 0.5, correlation(value), ha="center", va="center_baseline",
                color=SOFT if math.isnan(value) else text,
            )  # fmt: skip
    axes.set_xlim(0, max(wide, len(columns)))
    axes.set_ylim(len(rows), 0)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_ticks_position("top" if top else "bottom")
    axes.set_xticks([j + 0.5 for j in range(len(columns))], columns)
    width = 16 if layout.narrow else 40
    axes.set_yticks([i + 0.5 for i in range(len(rows))], [shortened(proxy, width) for proxy, _ in rows])


def _dumbbells(proxies: Sequence[Standing], level: str) -> Chart:
    known = [s for s in proxies if not math.isnan(s.rho[-1])]

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 84 + (ROW + 4) * len(known))
        axes = figure.subplots()
        places = range(len(known))
        for i, s in enumerate(known):
            if not math.isnan(s.low[-1]):
                axes.plot(
                    [s.low[-1], s.high[-1]],
                    [i, i],
                    color=BAND,
                    linewidth=10,
                    solid_capstyle="round",
                    zorder=1,
                )
            if not math.isnan(s.partial[-1]):
                axes.plot([s.partial[-1], s.rho[-1]], [i, i], color=SOFT, linewidth=1.6, zorder=2)
        axes.plot(
            [s.partial[-1] for s in known], places, "D", color=SERIES[1], markersize=8, linestyle="none",
            label="given size", gid=f"{MARKS}-partial", zorder=3, clip_on=False,
        )  # fmt: skip
        axes.plot(
            [s.rho[-1] for s in known], places, "o", color=SERIES[0], markersize=9, linestyle="none",
            label="raw rho", gid=f"{MARKS}-raw", zorder=4, clip_on=False,
        )  # fmt: skip
        axes.axvline(0, color=SOFT, linewidth=1)
        width = 16 if layout.narrow else 40
        axes.set_yticks(list(places), [shortened(s.proxy, width) for s in known])
        axes.set_ylim(len(known) - 0.4, -0.6)
        axes.set_xlabel("mean rho over columns")
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        legend_above(figure, axes, 2)
        return figure

    rows = tuple(
        (s.proxy, correlation(s.rho[-1]), f"{correlation(s.low[-1])} to {correlation(s.high[-1])}",
         correlation(s.partial[-1]))
        for s in known
    )  # fmt: skip
    return Chart(
        "benchmark-size",
        "Raw against size-controlled rho",
        f"The circle is the mean rho over the columns, the bar behind it its {level} bootstrap interval; "
        "the diamond "
        "is the same given live parameters. A diamond near zero says that the proxy mostly counts "
        "parameters.",
        "; ".join(
            f"{s.proxy} {correlation(s.rho[-1])} raw, {correlation(s.partial[-1])} given size" for s in known
        )
        + ".",
        Table("Raw and size-controlled rho", "", ("proxy", "raw", f"{level} interval", "given size"), rows),
        draw,
    )


def _deltas(deltas: Sequence[Difference], level: str) -> Chart:
    against = deltas[0].against
    known = [d for d in deltas if not math.isnan(d.delta)]

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 56 + (ROW + 4) * len(known))
        axes = figure.subplots()
        for i, d in enumerate(known):
            clear = d.low > 0 or d.high < 0
            if not math.isnan(d.low):
                axes.plot([d.low, d.high], [i, i], color=SERIES[0], linewidth=2, zorder=2)
            axes.plot(
                [d.delta], [i], "o", color=SERIES[0], markerfacecolor=SERIES[0] if clear else PANEL,
                markeredgewidth=2, markersize=9, gid=f"{MARKS}-{i}", zorder=3,
            )  # fmt: skip
        axes.axvline(0, color=SOFT, linewidth=1)
        axes.set_yticks(range(len(known)), [shortened(d.proxy, 16 if layout.narrow else 40) for d in known])
        axes.set_ylim(len(known) - 0.4, -0.6)
        axes.set_xlabel(f"mean rho minus that of {shortened(against, 18)}")
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        return figure

    rows = tuple(
        (d.proxy, correlation(d.delta, sign=True),
         f"{correlation(d.low, sign=True)} to {correlation(d.high, sign=True)}")
        for d in known
    )  # fmt: skip
    return Chart(
        "benchmark-differences",
        f"Difference to {against}",
        f"Mean rho minus that of {against}, both on the same resamples of the cells, with the paired "
        f"{level} interval. "
        "A filled circle: the interval leaves out zero.",
        "; ".join(f"{d.proxy} {correlation(d.delta, sign=True)}" for d in known) + ".",
        Table(f"Difference to {against}", "", ("proxy", "difference", f"{level} interval"), rows),
        draw,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
