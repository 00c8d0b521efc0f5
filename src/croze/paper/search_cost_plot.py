"""Figure 2: robustness of what a search found against what the search cost, printed and ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from croze.paper.printed import printed
from croze.paper.protocol.result import OwnRun
from croze.paper.protocol_sheets import OWN
from croze.reporting.chart import check_plot, save
from croze.reporting.labels import Box, place_labels
from croze.reporting.palette import INK, SERIES
from croze.reporting.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GROUPS = {
    "CRoZe": ("CRoZe", SERIES[1]),
    "GradNorm": ("other training-free", SERIES[0]),
    "SynFlow": ("other training-free", SERIES[0]),
    "PC-DARTS": ("one-shot", SERIES[2]),
    "DrNAS": ("one-shot", SERIES[2]),
    "RobNet": ("robust one-shot", INK),
    "AdvRush": ("robust one-shot", INK),
}
"""What the paper calls its rows, with the colour."""

OURS = ("this project's own", SERIES[4])
"""Of proxies that stand in no printed table."""

MARKERS = {False: "o", True: "s"}
"""Of printed points and of ours."""

MEASURES = (("table3", "hrs", "HRS, standard training"), ("table4", "avg", "average of five attacks"))
"""Of each panel: the table, its figure, and what it is."""


@dataclass(frozen=True)
class Point:
    """A method: what a search costs, and the figure in percent, of n networks where that is known."""

    name: str
    group: str
    seconds: float
    value: float
    deviation: float | None
    n: int | None = None


@dataclass(frozen=True)
class Panel:
    """One axes.

    Attributes:
        title: of the panel.
        cost: what its axis of cost counts: GPU seconds of the paper and seconds here never share one.
        figure: what the other axis shows.
        own: whether the points are ours.
        points: what is drawn.
    """

    title: str
    cost: str
    figure: str
    own: bool
    points: tuple[Point, ...]


def cost_panels(table3: OwnRun | None = None, table4: OwnRun | None = None) -> list[list[Panel]]:
    """The printed panels, and below them ours where there are any.

    Search costs are those of the CIFAR-10 half of Table 3; the print has none in Table 4.
    """
    own = {"table3": table3, "table4": table4}
    rows = [[_printed_panel(table, figure, what) for table, figure, what in MEASURES]]
    if any(run is not None for run in own.values()):
        rows.append([_own_panel(own[table], what) for table, _, what in MEASURES])
    return rows


def cost_sheet(rows: Sequence[Sequence[Panel]]) -> Table:
    """What is drawn, as a table."""
    lines = []
    for panel in (panel for row in rows for panel in row):
        for point in panel.points:
            deviation = "" if point.deviation is None else f" ± {point.deviation:.2f}"
            whose = "ours" if panel.own else "printed"
            lines.append(
                (
                    point.name,
                    whose,
                    panel.figure,
                    f"{point.value:.2f}{deviation}",
                    "" if point.n is None else f"{point.n}",
                    f"{point.seconds:,.0f}",
                    panel.cost,
                )
            )
    head = ("method", "whose", "figure", "%", "n", "search", "unit")
    return Table("Search cost and robustness", _slips_note(), head, tuple(lines))


def _slips_note() -> str:
    """Which printed points are not what is printed, because the print disagrees with its own row."""
    found = []
    for table, figure, _ in MEASURES:
        source = printed("table3/cifar10" if table == "table3" else table)
        for name in source.rows:
            slip = source.slip(name, figure)
            if slip is not None:
                value = source.figure(name, figure)
                found.append(
                    f"{name} of Table {table[-1]} is printed as {value:.2f}, its own row gives {slip:.2f}, "
                    "which stands here."
                )
    return " ".join(found)


def draw_costs(rows: Sequence[Sequence[Panel]], path: Path, title: str) -> None:
    """Write the figure; its kind follows the file's ending.

    Raises:
        CrozeError: as `check_plot`, or when the file cannot be written.
    """
    check_plot(path)
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 0.9 + 3.5 * len(rows)), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots(len(rows), len(rows[0]), squeeze=False)
        for across, row in zip(axes, rows, strict=True):
            for place, panel in zip(across, row, strict=True):
                _draw(place, panel)
        keys = _legend(rows)
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), frameon=False)
        figure.suptitle(title)
        canvas.draw()  # type: ignore[no-untyped-call]  # the places of points are known from here on
        figure.set_layout_engine("none")
        renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
        for across, row in zip(axes, rows, strict=True):
            for place, panel in zip(across, row, strict=True):
                _label(place, panel, renderer)
        save(figure, path)


def _printed_panel(table: str, figure: str, what: str) -> Panel:
    costs = printed("table3/cifar10")
    source = costs if table == "table3" else printed(table)
    points = []
    for name in source.rows:
        seconds, value = costs.figure(name, "search_gpu_s"), source.meant(name, figure)
        if seconds is not None and value is not None:
            points.append(Point(name, GROUPS[name][0], seconds, value, source.figure(name, f"{figure}_std")))
    return Panel(
        f"printed, Table {table[-1]} (CIFAR-10)",
        "GPU seconds of one RTX 3090",
        f"{what}, %",
        False,
        tuple(points),
    )


def _own_panel(run: OwnRun | None, what: str) -> Panel:
    if run is None:
        return Panel("no run of ours", "", f"{what}, %", True, ())
    kind = "CPU" if run.device == "cpu" else run.device
    points = tuple(
        Point(
            one.name,
            _group(one.name),
            one.seconds,
            100 * one.value,
            None if one.deviation is None else 100 * one.deviation,
            one.n,
        )
        for one in run.found
    )
    data = "own data" if run.dataset == "own" else run.dataset
    return Panel(
        f"ours, {data}, {run.candidates:,} candidates a search{_networks(points)}",
        f"{kind} seconds of this machine",
        f"{what}, %",
        True,
        points,
    )


def _group(spec: str) -> str:
    if spec.partition("(")[0] in OWN:
        return OURS[0]
    return "CRoZe" if spec.startswith("croze") else "other training-free"


def _networks(points: Sequence[Point]) -> str:
    counts = sorted({point.n for point in points if point.n is not None})
    if not counts:
        return ""
    return f", n = {counts[0]}" if len(counts) == 1 else f", n = {counts[0]} to {counts[-1]}"


def _draw(axes: Axes, panel: Panel) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_title(panel.title)
    if not panel.points:
        axes.set_axis_off()
        return
    colours = dict([*GROUPS.values(), OURS])
    for point in panel.points:
        axes.errorbar(
            [point.seconds],
            [point.value],
            None if point.deviation is None else [point.deviation],
            fmt=MARKERS[panel.own],
            color=colours[point.group],
            markersize=6,
            capsize=2,
            linewidth=1,
        )
    seconds = [point.seconds for point in panel.points]
    low = min(point.value - (point.deviation or 0) for point in panel.points)
    high = max(point.value + (point.deviation or 0) for point in panel.points)
    room = 0.12 * (high - low) or 1.0
    axes.set_xscale("log")
    axes.set_xlim(min(seconds) / 2, max(seconds) * 2)
    axes.set_ylim(low - room, high + room)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,.0f}" if min(seconds) >= 2 else "{x:g}")
    axes.grid(alpha=0.25)
    axes.set_xlabel(f"search cost, {panel.cost} (log scale)")
    axes.set_ylabel(panel.figure)


def _label(axes: Axes, panel: Panel, renderer: Any) -> None:
    """Names beside the points: placed in pixels, kept in points, so that the resolution does not matter."""
    if not panel.points:
        return
    to_pixels = axes.transData.transform
    scale = axes.figure.dpi / 72
    places = [tuple(to_pixels((point.seconds, point.value))) for point in panel.points]
    texts = [axes.annotate(point.name, (point.seconds, point.value), fontsize=8.5) for point in panel.points]
    extents = [text.get_window_extent(renderer) for text in texts]
    bars = []
    for point, (x, _) in zip(panel.points, places, strict=True):
        spread = point.deviation or 0.0
        bottom, top = (float(to_pixels((point.seconds, point.value + s))[1]) for s in (-spread, spread))
        bars.append(Box(x - 2 * scale, bottom, 4 * scale, top - bottom))
    frame = axes.get_window_extent(renderer)
    boxes = place_labels(
        places,
        [(extent.width, extent.height) for extent in extents],
        Box(frame.x0, frame.y0, frame.width, frame.height),
        gap=6 * scale,
        taken=bars,
    )
    for text, box, point, (x, y) in zip(texts, boxes, panel.points, places, strict=True):
        text.remove()
        axes.annotate(
            point.name,
            (point.seconds, point.value),
            xytext=((box.left - x) / scale, (box.bottom - y) / scale),
            textcoords="offset points",
            fontsize=8.5,
            annotation_clip=False,
        )


def _legend(rows: Sequence[Sequence[Panel]]) -> list[Any]:
    """A key for each colour that is there, and one for our marker."""
    from matplotlib.lines import Line2D

    there = {point.group for row in rows for panel in row for point in panel.points}
    keys = [
        Line2D([], [], linestyle="", marker=MARKERS[False], color=colour, label=group)
        for group, colour in dict([*GROUPS.values(), OURS]).items()
        if group in there
    ]
    if any(panel.own and panel.points for row in rows for panel in row):
        grey = "#888888"
        keys.append(Line2D([], [], linestyle="", marker=MARKERS[False], color=grey, label="printed"))
        keys.append(Line2D([], [], linestyle="", marker=MARKERS[True], color=grey, label="ours"))
    return keys
