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
from croze.reporting.palette import SERIES
from croze.reporting.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUPS = {
    "CRoZe": "CRoZe",
    "GradNorm": "other training-free",
    "SynFlow": "other training-free",
    "PC-DARTS": "one-shot",
    "DrNAS": "one-shot",
    "RobNet": "robust one-shot",
    "AdvRush": "robust one-shot",
}
"""What the paper calls its rows."""

OURS = "this project's own"
"""Proxies that stand in no printed table."""

COLOURS = {
    "CRoZe": SERIES[1],
    "other training-free": SERIES[0],
    "one-shot": SERIES[2],
    "robust one-shot": SERIES[5],
    OURS: SERIES[4],
}

MARKERS = "osD^vP*X"

MEASURES = (("table3", "hrs", "HRS, standard training"), ("table4", "avg", "average of five attacks"))
"""Of each panel: the table, its column, and what it is."""


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

    `cost` says what its axis of cost counts: GPU seconds of the paper and seconds here never share one.
    `without` are rows of ours that have not both a search of their own and the value.
    """

    title: str
    cost: str
    measure: str
    own: bool
    points: tuple[Point, ...]
    without: tuple[str, ...] = ()


def printed_panel(table: str, column: str, what: str) -> Panel:
    """A column as printed. Search costs are those of the CIFAR-10 half of Table 3; Table 4 prints none."""
    costs = printed("table3/cifar10")
    source = costs if table == "table3" else printed(table)
    points = []
    for name in source.rows:
        seconds, value = costs.value(name, "search_gpu_s"), source.meant(name, column)
        if seconds is not None and value is not None:
            points.append(Point(name, GROUPS[name], seconds, value, source.value(name, f"{column}_std")))
    title = f"printed, Table {table[-1]} (CIFAR-10)"
    return Panel(title, "GPU seconds of one RTX 3090", f"{what}, %", False, tuple(points))


def own_panel(folder: Path, table: str, column: str, what: str) -> Panel:
    """A column of the run that the table's command wrote; CrozeError when none can be read."""
    path = folder / f"{table}.json"
    if not path.exists():
        raise CrozeError(f"{path} does not exist: name a folder of `croze reproduce {table}`.")
    content = read_result(path, table, VERSION, dict[str, Any])
    try:
        return _own_panel(content, column, what)
    except (KeyError, TypeError, AttributeError) as problem:
        raise CrozeError(
            f"{path} cannot be read ({problem!r}): `croze reproduce {table}` writes it again."
        ) from None


def _own_panel(content: Mapping[str, Any], column: str, what: str) -> Panel:
    points, without = [], []
    for row in content["rows"]:
        name, own, spent = row["name"], row["values"].get(column), row["values"].get("search_seconds")
        if own is None or spent is None:
            without.append(name)
            continue
        deviation = None if own["deviation"] is None else 100 * own["deviation"]
        points.append(Point(name, _group(name), spent["mean"], 100 * own["mean"], deviation, own["n"]))
    counts = sorted({f"{point.n}" for point in points})
    n = f", n = {' to '.join(dict.fromkeys((counts[0], counts[-1])))}" if counts else ""
    data = "own data" if content["dataset"] == "own" else content["dataset"]
    kind = "CPU" if content["device"] == "cpu" else content["device"]
    return Panel(
        f"ours, {data}, {content['effort']['candidates']:,} candidates a search{n}",
        f"{kind} seconds of this machine",
        f"{what}, %",
        True,
        tuple(points),
        tuple(without),
    )


def _group(spec: str) -> str:
    if spec.partition("(")[0] in OWN:
        return OURS
    return "CRoZe" if spec.startswith("croze") else "other training-free"


def cost_panels(folders: Mapping[str, Path]) -> list[list[Panel]]:
    """The printed panels, and below them those of our runs, whose folders are given by table."""
    rows = [[printed_panel(*measure) for measure in MEASURES]]
    if folders:
        rows.append(
            [
                own_panel(folders[table], table, column, what)
                if table in folders
                else Panel("no run of ours", "", f"{what}, %", True, ())
                for table, column, what in MEASURES
            ]
        )
    return rows


def table_of(rows: Sequence[Sequence[Panel]]) -> Table:
    """What is drawn, as a table; its note names printed averages that contradict their rows."""
    lines = []
    for panel in (panel for row in rows for panel in row):
        for point in panel.points:
            deviation = "" if point.deviation is None else f" ± {point.deviation:.2f}"
            lines.append(
                (
                    point.name,
                    "ours" if panel.own else "printed",
                    panel.measure,
                    f"{point.value:.2f}{deviation}",
                    "" if point.n is None else f"{point.n}",
                    f"{point.seconds:,.0f}",
                    panel.cost,
                )
            )
    notes = []
    for table, column, _ in MEASURES:
        source = printed("table3/cifar10" if table == "table3" else table)
        for name in source.rows:
            corrected = source.erratum(name, column)
            if corrected is not None:
                notes.append(
                    f"{name} of Table {table[-1]} is printed as {source.value(name, column):.2f}; its row "
                    f"gives {corrected:.2f}, which is used here."
                )
    head = ("method", "whose", "measure", "%", "n", "search", "unit")
    return Table("Search cost and robustness", " ".join(notes), head, tuple(lines))


def chart(rows: Sequence[Sequence[Panel]]) -> Chart:
    """Each method a point with its deviation: seconds of the search against robustness."""

    def draw(layout: Layout) -> Figure:
        from matplotlib.lines import Line2D

        figure = canvas(layout, 70 + 340 * len(rows))
        axes = figure.subplots(len(rows), len(rows[0]), squeeze=False)
        panels = [panel for row in rows for panel in row]
        for place, panel in zip(axes.flat, panels, strict=True):
            _draw(place, panel)
        there = {point.group for panel in panels for point in panel.points}
        keys = [Line2D([], [], color=c, linewidth=6, label=g) for g, c in COLOURS.items() if g in there]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
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


def _draw(axes: Axes, panel: Panel) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_title(panel.title)
    if not panel.points:
        axes.set_axis_off()
        return
    for i, point in enumerate(panel.points):
        axes.errorbar(
            [point.seconds],
            [point.value],
            None if point.deviation is None else [point.deviation],
            fmt=MARKERS[i % len(MARKERS)],
            color=COLOURS[point.group],
            capsize=2,
            linewidth=1.5,
            label=point.name,
        )
    seconds = [point.seconds for point in panel.points]
    axes.set_xscale("log")
    axes.set_xlim(min(seconds) / 2, max(seconds) * 2)
    axes.margins(y=0.12)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,.0f}" if min(seconds) >= 2 else "{x:g}")
    axes.set_xlabel(f"search cost, {panel.cost} (log scale)")
    axes.set_ylabel(panel.measure)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=0)


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
    given = {"table3": table3, "table4": table4}
    folders = {name: folder_of(text, f"--{name}") for name, text in given.items() if text is not None}
    rows = cost_panels(folders)
    Outcome(
        title="Robustness against the cost of the search",
        about="Robustness of the networks found, against the cost of the search: Figure 2 of the paper.",
        result={"panels": [asdict(panel) for row in rows for panel in row]},
        basis=(),
        tables=[table_of(rows)],
        chart=chart(rows),
        remarks=[
            f"No point of ours in {table}: {', '.join(panel.without)}."
            for (table, _, _), panel in zip(MEASURES, rows[-1], strict=True)
            if panel.without
        ],
    ).publish(console(json), json, plot=plot)
