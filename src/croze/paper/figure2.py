"""Figure 2: robustness of what a search found against what the search cost, printed and ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from croze.cli.options import Json, Plot, folder_of
from croze.cli.output import console
from croze.errors import CrozeError
from croze.files import read_result
from croze.paper.output import Outcome, check_files
from croze.paper.printed import printed
from croze.paper.protocol_tables import OWN, VERSION
from croze.reporting.chart import Chart, Layout, canvas
from croze.reporting.labels import Box, place_labels
from croze.reporting.palette import CLOUD, SERIES
from croze.reporting.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUPS = {
    "CRoZe": ("CRoZe", SERIES[1]),
    "GradNorm": ("other training-free", SERIES[0]),
    "SynFlow": ("other training-free", SERIES[0]),
    "PC-DARTS": ("one-shot", SERIES[2]),
    "DrNAS": ("one-shot", SERIES[2]),
    "RobNet": ("robust one-shot", SERIES[5]),
    "AdvRush": ("robust one-shot", SERIES[5]),
}
"""What the paper calls its rows, with the colour."""

OURS = ("this project's own", SERIES[4])
"""Of proxies that stand in no printed table."""

MARKERS = {False: "o", True: "s"}
"""Of printed points and of ours."""

MEASURES = (("table3", "hrs", "HRS, standard training"), ("table4", "avg", "average of five attacks"))
"""Of each panel: the table, its column, and what it is."""


@dataclass(frozen=True)
class Found:
    """A method that searched.

    Attributes:
        name: spec of the criterion.
        seconds: device-seconds of a search, the mean over its searches.
        value: mean over its trained networks, in [0, 1].
        deviation: of the value; None with one network.
        n: networks.
    """

    name: str
    seconds: float
    value: float
    deviation: float | None
    n: int


@dataclass(frozen=True)
class OwnRun:
    """One column of a run of Table 3 or 4.

    Attributes:
        table: `table3` or `table4`.
        dataset: of its images; `own` where nobody said.
        device: that searched, such as cpu.
        candidates: of a search.
        found: methods that searched and have the value.
        without: rows that have not both a search of their own and the value.
    """

    table: str
    dataset: str
    device: str
    candidates: int
    found: tuple[Found, ...]
    without: tuple[str, ...]


def read_run(folder: Path, table: str, column: str) -> OwnRun:
    """A column of the run in a folder.

    Args:
        folder: where the table's command wrote.
        table: `table3` or `table4`.
        column: such as `hrs` or `avg`.

    Raises:
        CrozeError: when there is no such run, or its file cannot be read.
    """
    path = folder / f"{table}.json"
    if not path.exists():
        raise CrozeError(f"{path} does not exist: name a folder of `croze reproduce {table}`.")
    content = read_result(path, table, VERSION)
    try:
        return _run(content, column)
    except (KeyError, TypeError, AttributeError) as problem:
        raise CrozeError(
            f"{path} cannot be read ({problem!r}): `croze reproduce {table}` writes it again."
        ) from None


def _run(content: Mapping[str, Any], column: str) -> OwnRun:
    found, without = [], []
    for row in content["rows"]:
        own, spent = row["values"].get(column), row["values"].get("search_seconds")
        if own is None or spent is None:
            without.append(row["name"])
        else:
            found.append(Found(row["name"], spent["mean"], own["mean"], own["deviation"], own["n"]))
    return OwnRun(
        content["table"],
        content["dataset"],
        content["device"],
        content["effort"]["candidates"],
        tuple(found),
        tuple(without),
    )


@dataclass(frozen=True)
class Point:
    """A method: what a search costs, and the value in percent, of n networks where that is known."""

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
        measure: what the other axis shows.
        own: whether the points are ours.
        points: what is drawn.
    """

    title: str
    cost: str
    measure: str
    own: bool
    points: tuple[Point, ...]


def cost_panels(table3: OwnRun | None = None, table4: OwnRun | None = None) -> list[list[Panel]]:
    """The printed panels, and below them ours where there are any.

    Search costs are those of the CIFAR-10 half of Table 3; Table 4 prints none.
    """
    own = {"table3": table3, "table4": table4}
    rows = [[_printed_panel(table, column, what) for table, column, what in MEASURES]]
    if any(run is not None for run in own.values()):
        rows.append([_own_panel(own[table], what) for table, _, what in MEASURES])
    return rows


def table_of(rows: Sequence[Sequence[Panel]]) -> Table:
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
                    panel.measure,
                    f"{point.value:.2f}{deviation}",
                    "" if point.n is None else f"{point.n}",
                    f"{point.seconds:,.0f}",
                    panel.cost,
                )
            )
    head = ("method", "whose", "measure", "%", "n", "search", "unit")
    return Table("Search cost and robustness", _errata_note(), head, tuple(lines))


def _errata_note() -> str:
    """The printed averages that contradict their rows, and the values used instead."""
    found = []
    for table, column, _ in MEASURES:
        source = printed("table3/cifar10" if table == "table3" else table)
        for name in source.rows:
            corrected = source.erratum(name, column)
            if corrected is not None:
                found.append(
                    f"{name} of Table {table[-1]} is printed as {source.value(name, column):.2f}; its row "
                    f"gives {corrected:.2f}, which is used here."
                )
    return " ".join(found)


def chart(rows: Sequence[Sequence[Panel]]) -> Chart:
    """Each method a point with its deviation: seconds of the search against robustness."""

    def draw(layout: Layout) -> Figure:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure = canvas(layout, 70 + 340 * len(rows))
        drawn = FigureCanvasAgg(figure)
        axes = figure.subplots(len(rows), len(rows[0]), squeeze=False)
        panels = [panel for row in rows for panel in row]
        for place, panel in zip(axes.flat, panels, strict=True):
            _draw(place, panel)
        keys = _legend(panels)
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
        drawn.draw()  # type: ignore[no-untyped-call]  # the places of points are known from here on
        figure.set_layout_engine("none")
        renderer = drawn.get_renderer()  # type: ignore[no-untyped-call]
        for place, panel in zip(axes.flat, panels, strict=True):
            _label(place, panel, renderer)
        return figure

    return Chart(
        "search-cost",
        "Robustness against the cost of the search",
        "Points are methods, bars standard deviations over repetitions; printed costs are GPU seconds of "
        "an RTX 3090, ours seconds of this machine.",
        "; ".join(" ".join(line[:4]) for line in table_of(rows).rows),
        table_of(rows),
        draw,
    )


def _printed_panel(table: str, column: str, what: str) -> Panel:
    costs = printed("table3/cifar10")
    source = costs if table == "table3" else printed(table)
    points = []
    for name in source.rows:
        seconds, value = costs.value(name, "search_gpu_s"), source.meant(name, column)
        if seconds is not None and value is not None:
            points.append(Point(name, GROUPS[name][0], seconds, value, source.value(name, f"{column}_std")))
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
            capsize=2,
            linewidth=1.5,
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
    axes.set_xlabel(f"search cost, {panel.cost} (log scale)")
    axes.set_ylabel(panel.measure)


def _label(axes: Axes, panel: Panel, renderer: Any) -> None:
    """Names beside the points: placed in pixels, kept in points, so that the resolution does not matter."""
    if not panel.points:
        return
    to_pixels = axes.transData.transform
    scale = axes.figure.dpi / 72
    places = [tuple(to_pixels((point.seconds, point.value))) for point in panel.points]
    texts = [axes.annotate(point.name, (point.seconds, point.value)) for point in panel.points]
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
            annotation_clip=False,
        )


def _legend(panels: Sequence[Panel]) -> list[Any]:
    """A key for each colour that is there, and one for our marker."""
    from matplotlib.lines import Line2D

    there = {point.group for panel in panels for point in panel.points}
    keys = [
        Line2D([], [], linestyle="", marker=MARKERS[False], color=colour, label=group)
        for group, colour in dict([*GROUPS.values(), OURS]).items()
        if group in there
    ]
    if any(panel.own and panel.points for panel in panels):
        keys.append(Line2D([], [], linestyle="", marker=MARKERS[False], color=CLOUD, label="printed"))
        keys.append(Line2D([], [], linestyle="", marker=MARKERS[True], color=CLOUD, label="ours"))
    return keys


def figure2(
    table3: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of `croze reproduce table3`, for our points of HRS."),
    ] = None,
    table4: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of `croze reproduce table4`, for our adversarial averages."),
    ] = None,
    plot: Plot = None,
    json: Json = None,
) -> None:
    """HRS (Table 3) and the average of five attacks (Table 4) against search cost.

    The cost of printed points is in GPU seconds of an RTX 3090, that of ours in seconds of this machine, in
    separate panels. Published genotypes were not searched here and are not among our points.
    """
    check_files(plot=plot)
    runs = [
        None if folder is None else read_run(folder_of(folder, f"--{table}"), table, column)
        for folder, (table, column, _) in zip((table3, table4), MEASURES, strict=True)
    ]
    rows = cost_panels(*runs)
    Outcome(
        title="Robustness against the cost of the search",
        about="Robustness of the networks found, against the cost of the search: Figure 2 of the paper.",
        result={"panels": [asdict(panel) for row in rows for panel in row]},
        basis=(),
        tables=[table_of(rows)],
        chart=chart(rows),
        remarks=[
            f"No point of ours in {run.table}: {', '.join(run.without)}."
            for run in runs
            if run is not None and run.without
        ],
    ).publish(console(json), json, plot=plot)
