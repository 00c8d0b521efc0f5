"""The cells of a benchmark one by one: the best proxy's score, and size, against measured accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from croze.reporting.chart import MARKS, Chart, Layout, canvas, thinned
from croze.reporting.palette import SERIES
from croze.reporting.table import Table
from croze.reporting.text import correlation, millions, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


@dataclass(frozen=True)
class Cells:
    """The cells on which everything succeeded.

    Attributes:
        names: architectures.
        scores: the best proxy's, then the size's, by spec; `(n,)` each.
        accuracies: by column, in [0, 1]; `(n,)` each.
    """

    names: tuple[str, ...]
    scores: Mapping[str, tuple[float, ...]]
    accuracies: Mapping[str, tuple[float, ...]]


def cells_of(result: Mapping[str, Any], order: Sequence[str]) -> Cells | None:
    """The cells with what is drawn of them; None where the result has none.

    Args:
        result: what `croze benchmark` wrote.
        order: of the proxies, the best first. Of these the first counts that was computed cell by cell,
            which a place in a ranking was not, and is more than a count.
    """
    known = result.get("cells_scored")
    if not known:
        return None
    scores, accuracies = known["scores"], known["accuracies"]
    best = next((spec for spec in order if spec in scores and spec not in COUNTS), None)
    ranked = [spec for spec in SIZES if spec in order]  # of these the result has a rho
    size = next((spec for spec in (*ranked, *SIZES) if spec in scores), None)
    specs = [spec for spec in (best, size) if spec is not None]
    columns = list(accuracies)[:MOST_COLUMNS]
    lists = [*scores.values(), *(accuracies[column] for column in columns)]
    kept = [i for i in range(len(known["architecture"])) if all(values[i] is not None for values in lists)]
    if not specs or not columns or not kept:
        return None
    return Cells(
        tuple(known["architecture"][i] for i in kept),
        {spec: tuple(float(scores[spec][i]) for i in kept) for spec in specs},
        {column: tuple(float(accuracies[column][i]) for i in kept) for column in columns},
    )


def cells_chart(result: Mapping[str, Any], order: Sequence[str]) -> Chart | None:
    """Each score against each accuracy; None where the result has no cells."""
    cells = cells_of(result, order)
    if cells is None:
        return None
    pairs = [(spec, column) for column in cells.accuracies for spec in cells.scores]
    rhos = {(spec, column): _rho(result, spec, column, len(cells.names)) for spec, column in pairs}

    def draw(layout: Layout) -> Figure:
        across = 1 if layout.narrow else len(cells.scores)
        rows = len(pairs) // across
        figure = canvas(layout, rows * (230 if layout.narrow else 290))
        for axes, pair in zip(figure.subplots(rows, across, squeeze=False).flat, pairs, strict=True):
            _panel(axes, cells, *pair, rhos[pair], layout)
        return figure

    best = next(iter(cells.scores))
    said = "; ".join(f"{spec} with {column}{rhos[spec, column]}" for spec, column in pairs)
    return Chart(
        "benchmark-cells",
        "Scores against accuracy, cell by cell",
        f"Each dot is one of {len(cells.names):,} cells on which every proxy succeeded: {best}, the best by "
        "mean rho of the proxies that score a cell by itself, "
        + ("and size, " if len(cells.scores) > 1 else "")
        + "against measured accuracy.",
        f"{said}.",
        _sheet(cells),
        draw,
    )


def _rho(result: Mapping[str, Any], spec: str, column: str, n: int) -> str:
    """Rho as the result has it, where it rests on these cells; empty otherwise."""
    quality = (result.get("quality") or [{}])[0]
    if quality.get("cells") != n:
        return ""
    for row in quality["rows"]:
        if row["proxy"] == spec and column in row["columns"]:
            return f", rho {correlation(row['columns'][column]['spearman']['value'])}"
    return ""


def _panel(axes: Axes, cells: Cells, spec: str, column: str, rho: str, layout: Layout) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    x, y = cells.scores[spec], [100 * value for value in cells.accuracies[column]]
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
    if _wide_ranged(x):
        axes.set_xscale("log")
        axes.set_xlabel(f"{spec} (log scale)")
        return
    if spec in COUNTS:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: millions(value)))
    axes.xaxis.set_major_locator(MaxNLocator(4 if layout.narrow else 6))


def _wide_ranged(values: Sequence[float]) -> bool:
    middle = sorted(values)[len(values) // 2]
    return min(values) > 0 and max(values) > WIDELY * middle


def _sheet(cells: Cells) -> Table:
    first = next(iter(cells.accuracies))
    order = sorted(range(len(cells.names)), key=lambda i: -cells.accuracies[first][i])
    rows = tuple(
        (
            cells.names[i],
            *(number(values[i]) for values in cells.scores.values()),
            *(percent(values[i]) for values in cells.accuracies.values()),
        )
        for i in order[:MOST_ROWS]
    )
    note = (
        f"The {MOST_ROWS} of {len(order):,} best by {first}; the file has all."
        if len(order) > MOST_ROWS
        else ""
    )
    return Table("Cells", note, ("architecture", *cells.scores, *cells.accuracies), rows)
