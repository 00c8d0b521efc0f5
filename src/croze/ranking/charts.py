"""The charts of a benchmark: rho as a map, raw against size-controlled rho, differences, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from croze.ranking.columns import MEAN
from croze.ranking.ranking import GIVEN_SIZE, Ranking, Record
from croze.ranking.statistics import DIFFERENCE, SPEARMAN
from croze.reporting.chart import MARKS, Chart, Layout, canvas, legend_above, thinned
from croze.reporting.palette import BAND, PANEL, SERIES, SOFT, diverging
from croze.reporting.table import Table
from croze.reporting.text import correlation, millions, number, percent, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 24
"""Pixels a row of a map."""

SIZES = ("live-params", "params")
"""Those that say the size of a cell, the better first."""
COUNTS = (*SIZES, "flops")
MOST_COLUMNS = 2
MOST_DOTS = 600
"""Of a panel; more stand so close that they cover each other."""
MOST_ROWS = 50
"""Of the table behind the chart; the file has all cells."""
WIDELY = 100
"""How many times the median the largest score may be before its axis is logarithmic."""


def benchmark_charts(ranking: Ranking, cells: str, columns: Sequence[str]) -> tuple[Chart, ...]:
    """All that the ranking has values for.

    Args:
        ranking: the long table.
        cells: name of the set of cells.
        columns: without the mean.
    """
    order = ranking.order(MEAN, cells)
    rho = {proxy: ranking.at(proxy, MEAN, cells) for proxy in order}
    if not any(r.value == r.value for r in ranking.select(cells=cells, statistic=SPEARMAN)):
        return ()
    given = {proxy: ranking.at(proxy, MEAN, cells, GIVEN_SIZE) for proxy in order}
    level = f"{ranking.bootstrap.level:.0%}"
    charts = [
        _map(
            "benchmark-rho", "Spearman's rho, proxies by columns",
            f"Rank correlation of each proxy with the measured accuracy of {ranking.cells[cells].n:,} "
            "cells: 1 is the same order, 0 no correlation, below 0 the opposite. Columns are kinds of "
            "accuracy; rows are sorted by mean.",
            f"{order[0]} ranks best with a mean rho of {correlation(rho[order[0]].value)} over "
            f"{len(columns)} columns.",
            ranking, cells, columns, order, SPEARMAN,
        ),
        _dumbbells(rho, given, level),
        _map(
            "benchmark-partial", "Size-controlled rho, proxies by columns",
            "The same given the number of live parameters: the information beyond size. Rows are in the "
            "same order.",
            "Partial rank correlations given live parameters, "
            + ", ".join(f"{proxy} {correlation(given[proxy].value)}" for proxy in order[:5])
            + " on the mean.",
            ranking, cells, columns, order, GIVEN_SIZE,
        ),
    ]  # fmt: skip
    deltas = [
        ranking.at(proxy, MEAN, cells, DIFFERENCE)
        for proxy in ranking.order(MEAN, cells, DIFFERENCE)
        if proxy != ranking.reference
    ]
    if ranking.reference and deltas:
        charts.append(_deltas(deltas, ranking.reference, level))
    return tuple(charts)


def _map(
    name: str,
    heading: str,
    reading: str,
    alt: str,
    ranking: Ranking,
    cells: str,
    columns: Sequence[str],
    order: Sequence[str],
    statistic: str,
) -> Chart:
    names = (*columns, MEAN)
    rows = [
        (proxy, tuple(ranking.at(proxy, column, cells, statistic).value for column in names))
        for proxy in order
    ]

    def draw(layout: Layout) -> Figure:
        # a phone shows a few columns at a time, below each other, the proxies beside each
        most = 4 if layout.narrow else len(names)
        starts = range(0, len(names), most)
        height = 40 + (ROW + 2) * len(rows) if layout.narrow else 44 + ROW * len(rows)
        figure = canvas(layout, len(starts) * height)
        for axes, i in zip(figure.subplots(len(starts), 1, squeeze=False)[:, 0], starts, strict=True):
            part = [(proxy, values[i : i + most]) for proxy, values in rows]
            _fields(axes, names[i : i + most], part, layout, most)
        return figure

    table = tuple((proxy, *(correlation(v) for v in values)) for proxy, values in rows)
    return Chart(name, heading, reading, alt, Table(heading, "", ("proxy", *names), table), draw)


def _fields(
    axes: Axes,
    columns: Sequence[str],
    rows: Sequence[tuple[str, tuple[float, ...]]],
    layout: Layout,
    wide: int,
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
    axes.set_xlim(0, wide)
    axes.set_ylim(len(rows), 0)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_ticks_position("top")
    axes.set_xticks([j + 0.5 for j in range(len(columns))], columns)
    axes.set_yticks([i + 0.5 for i in range(len(rows))], _names([proxy for proxy, _ in rows], layout))


def _dumbbells(rho: Mapping[str, Record], given: Mapping[str, Record], level: str) -> Chart:
    known = [(r, given[proxy]) for proxy, r in rho.items() if not math.isnan(r.value)]

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 84 + (ROW + 4) * len(known))
        axes = figure.subplots()
        for i, (raw, left) in enumerate(known):
            if not math.isnan(raw.low):
                axes.plot(
                    [raw.low, raw.high], [i, i], color=BAND, linewidth=10, solid_capstyle="round", zorder=1
                )
            if not math.isnan(left.value):
                axes.plot([left.value, raw.value], [i, i], color=SOFT, linewidth=1.6, zorder=2)
        places = range(len(known))
        axes.plot(
            [left.value for _, left in known], places, "D", color=SERIES[1], markersize=8, linestyle="none",
            label="given size", gid=f"{MARKS}-partial", zorder=3, clip_on=False,
        )  # fmt: skip
        axes.plot(
            [raw.value for raw, _ in known], places, "o", color=SERIES[0], markersize=9, linestyle="none",
            label="raw rho", gid=f"{MARKS}-raw", zorder=4, clip_on=False,
        )  # fmt: skip
        _rows(axes, [raw.proxy for raw, _ in known], layout)
        axes.set_xlabel("mean rho over columns")
        legend_above(figure, axes, 2)
        return figure

    texts = [(raw.proxy, correlation(raw.value), _span(raw), correlation(left.value)) for raw, left in known]
    return Chart(
        "benchmark-size",
        "Raw and size-controlled rho",
        f"Circle: mean rho over the columns, with its {level} bootstrap interval; diamond: the same given "
        "live parameters. A diamond near zero means that the proxy mostly counts parameters.",
        "; ".join(f"{proxy} {rho} raw, {given} given size" for proxy, rho, _, given in texts) + ".",
        Table(
            "Raw and size-controlled rho",
            "",
            ("proxy", "raw", f"{level} interval", "given size"),
            tuple(texts),
        ),
        draw,
    )


def _deltas(deltas: Sequence[Record], against: str, level: str) -> Chart:
    known = [d for d in deltas if not math.isnan(d.value)]

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 56 + (ROW + 4) * len(known))
        axes = figure.subplots()
        for i, d in enumerate(known):
            clear = d.low > 0 or d.high < 0
            if not math.isnan(d.low):
                axes.plot([d.low, d.high], [i, i], color=SERIES[0], linewidth=2, zorder=2)
            axes.plot(
                [d.value], [i], "o", color=SERIES[0], markerfacecolor=SERIES[0] if clear else PANEL,
                markeredgewidth=2, markersize=9, gid=f"{MARKS}-{i}", zorder=3,
            )  # fmt: skip
        _rows(axes, [d.proxy for d in known], layout)
        axes.set_xlabel(f"mean rho minus that of {shortened(against, 18)}")
        return figure

    rows = tuple((d.proxy, correlation(d.value, sign=True), _span(d, sign=True)) for d in known)
    return Chart(
        "benchmark-differences",
        f"Difference to {against}",
        f"Mean rho minus that of {against}, on the same resamples of the cells, with the paired {level} "
        "interval. Filled circle: the interval excludes zero.",
        "; ".join(f"{proxy} {delta}" for proxy, delta, _ in rows) + ".",
        Table(f"Difference to {against}", "", ("proxy", "difference", f"{level} interval"), rows),
        draw,
    )


def _rows(axes: Axes, proxies: Sequence[str], layout: Layout) -> None:
    """A row a proxy, the first on top, and a line at zero."""
    axes.axvline(0, color=SOFT, linewidth=1)
    axes.set_yticks(range(len(proxies)), _names(proxies, layout))
    axes.set_ylim(len(proxies) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)


def _names(proxies: Sequence[str], layout: Layout) -> list[str]:
    return [shortened(proxy, 16 if layout.narrow else 40) for proxy in proxies]


def _span(record: Record, *, sign: bool = False) -> str:
    return f"{correlation(record.low, sign=sign)} to {correlation(record.high, sign=sign)}"


def cells_chart(
    ranking: Ranking, cells: str, scored: Mapping[str, Any], order: Sequence[str]
) -> Chart | None:
    """Each score against each accuracy, cell by cell; None where nothing is known of single cells.

    Args:
        ranking: the long table.
        cells: the name of the set of all chosen cells.
        scored: `architecture`, `scores` by proxy and `accuracies` by column, aligned; None for a failure.
        order: of the proxies, the best first. Of these the first counts that was computed cell by cell,
            which a place in a ranking was not, and is more than a count.
    """
    scores, accuracies = scored.get("scores", {}), scored.get("accuracies", {})
    best = next((spec for spec in order if spec in scores and spec not in COUNTS), None)
    ranked = [spec for spec in SIZES if spec in order]  # of these there is a rho
    size = next((spec for spec in (*ranked, *SIZES) if spec in scores), None)
    specs = [spec for spec in (best, size) if spec is not None]
    columns = list(accuracies)[:MOST_COLUMNS]
    lists = [*scores.values(), *(accuracies[column] for column in columns)]
    kept = [i for i, row in enumerate(zip(*lists, strict=True)) if None not in row]
    if not specs or not columns or not kept:
        return None
    names = [scored["architecture"][i] for i in kept]
    x = {spec: [float(scores[spec][i]) for i in kept] for spec in specs}
    y = {column: [float(accuracies[column][i]) for i in kept] for column in columns}
    pairs = [(spec, column) for column in columns for spec in specs]
    rhos = {
        pair: f", rho {correlation(found.value)}" if found.n == len(kept) else ""
        for pair in pairs
        for found in [ranking.at(*pair, cells)]
    }

    def draw(layout: Layout) -> Figure:
        across = 1 if layout.narrow else len(specs)
        rows = len(pairs) // across
        figure = canvas(layout, rows * (230 if layout.narrow else 290))
        for axes, (spec, column) in zip(
            figure.subplots(rows, across, squeeze=False).flat, pairs, strict=True
        ):
            _panel(axes, x[spec], y[column], spec, column, rhos[spec, column], layout)
        return figure

    first = y[columns[0]]
    places = sorted(range(len(names)), key=lambda i: -first[i])
    data = Table(
        "Cells",
        f"The {MOST_ROWS} of {len(names):,} best by {columns[0]}; the file has all."
        if len(names) > MOST_ROWS
        else "",
        ("architecture", *x, *y),
        tuple(
            (names[i], *(number(v[i]) for v in x.values()), *(percent(v[i]) for v in y.values()))
            for i in places[:MOST_ROWS]
        ),
    )
    said = "; ".join(f"{spec} with {column}{rhos[spec, column]}" for spec, column in pairs)
    return Chart(
        "benchmark-cells",
        "Scores against accuracy, cell by cell",
        f"Each dot is one of {len(names):,} cells on which every proxy succeeded: {specs[0]}, the best by "
        "mean rho of the proxies that score a cell by itself, "
        + ("and size, " if len(specs) > 1 else "")
        + "against measured accuracy.",
        f"{said}.",
        data,
        draw,
    )


def _panel(
    axes: Axes,
    x: Sequence[float],
    shares: Sequence[float],
    spec: str,
    column: str,
    rho: str,
    layout: Layout,
) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    y = [100 * value for value in shares]
    some = thinned(x, y, MOST_DOTS)
    axes.plot(
        [x[i] for i in some], [y[i] for i in some], "o", color=SERIES[1 if spec in SIZES else 0],
        markersize=4, alpha=0.6, linestyle="none", gid=f"{MARKS}-{spec}-{column}",
    )  # fmt: skip
    axes.set_title(f"{column}{rho}")
    axes.set_xlabel(spec)
    axes.set_ylabel("accuracy, %")
    axes.margins(0.05)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if min(x) > 0 and max(x) > WIDELY * sorted(x)[len(x) // 2]:
        axes.set_xscale("log")
        axes.set_xlabel(f"{spec} (log scale)")
        return
    if spec in COUNTS:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: millions(value)))
    axes.xaxis.set_major_locator(MaxNLocator(4 if layout.narrow else 6))
