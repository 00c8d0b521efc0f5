"""A cell drawn as a graph: few nodes in a line with arcs, more on a track with boxes beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from croze.reporting.chart import MARKS, Chart, Layout
from croze.reporting.palette import CLOUD, INK, PANEL, SERIES, SOFT
from croze.reporting.table import Table
from croze.spaces.base import Space
from croze.spaces.graph import NONE, CellGraph, Edge, graphs_of
from croze.types import Architecture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]

MOST_CELLS = 4
"""Cells of one network that are drawn; a RobNet may have one a layer."""
FEW = 4
"""Nodes up to which a cell is drawn in a line."""
RADIUS = 15.0
"""Half the height of a node with a long name, in pixels."""
ROUND = 17.0
"""Radius of a round node."""


@dataclass(frozen=True)
class Sizes:
    """Of the drawing with a track, in pixels: half a pill, the first lane, between lanes, boxes, a row."""

    pill: float = 26.0
    lane: float = 33.0
    step: float = 7.0
    inner: float = 68.0
    box: float = 92.0
    height: float = 24.0
    row: float = 34.0


def cell_charts(space: Space[Any], architecture: Architecture) -> tuple[Chart, ...]:
    """The charts of an architecture's cells; none where the space has no graphs."""
    graphs = graphs_of(space, architecture)[:MOST_CELLS]
    return tuple(cell_chart(graph, f"cell-{i}") for i, graph in enumerate(graphs, start=1))


def cell_chart(graph: CellGraph, name: str) -> Chart:
    """The chart of one cell."""
    operations = [edge for edge in graph.operations if edge.label != NONE]
    left_out = len(graph.operations) - len(operations)
    said = ", ".join(f"{graph.nodes[e.source]} to {graph.nodes[e.target]} {e.label}" for e in operations)
    reading = (
        "Boxes are operations on the way from one node to another; a node adds up what comes in."
        if len(graph.nodes) <= FEW
        else "Boxes are operations: fed by the line that enters from the track, added up in the node that "
        "they lead to. A dot marks where a line branches; dashed lines are what the output concatenates."
    )
    if left_out:
        reading += (
            f" Dotted, without a box: no connection ({left_out})."
            if len(graph.nodes) <= FEW
            else f" {left_out} edges without an operation are left out."
        )
    rows = tuple((graph.nodes[e.source], graph.nodes[e.target], e.label) for e in graph.operations)
    return Chart(
        name,
        graph.title,
        reading,
        f"Graph of {len(graph.nodes)} nodes: {said}.",
        Table(graph.title, "", ("from", "to", "operation"), rows, prose=True),
        lambda layout: draw_cell(graph, layout),
        half=True,
    )


def draw_cell(graph: CellGraph, layout: Layout) -> Figure:
    """The figure; one unit of its axes is a pixel."""
    return _line(graph, layout) if len(graph.nodes) <= FEW else _track(graph, layout)


def colour_of(label: str) -> str:
    if "conv" in label or label.startswith("sep"):
        return SERIES[0]
    if "pool" in label:
        return SERIES[1]
    return SOFT


def _axes(layout: Layout, left: float, top: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(layout.width / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(left, left + layout.width)
    axes.set_ylim(top + height, top)
    return figure, axes


def _node(axes: Axes, at: Point, name: str, half: float) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch, Patch

    look: dict[str, Any] = {"facecolor": INK, "edgecolor": "none", "zorder": 4, "gid": f"{MARKS}-node-{name}"}
    shape: Patch
    if half <= ROUND:
        shape = Circle(at, half, **look)
    else:
        corner = (at[0] - half, at[1] - RADIUS)
        shape = FancyBboxPatch(
            corner, 2 * half, 2 * RADIUS, boxstyle=f"round,pad=0,rounding_size={RADIUS - 4}", **look
        )
    axes.add_patch(shape)
    axes.text(*at, name, ha="center", va="center_baseline", color=PANEL, zorder=5)


def _box(axes: Axes, at: Point, label: str, width: float, gid: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (at[0] - width / 2, at[1] - 12),
            width,
            24,
            boxstyle="round,pad=0,rounding_size=6",
            facecolor=PANEL,
            edgecolor=colour_of(label),
            linewidth=1.8,
            linestyle="--" if label == "skip" else "-",
            zorder=3,
            gid=f"{MARKS}-{gid}",
        )
    )
    axes.text(*at, label, ha="center", va="center_baseline", color=INK, zorder=5)


def _line(graph: CellGraph, layout: Layout) -> Figure:
    """Nodes on a line, edges over one or more of them as arcs on alternating sides."""
    last = len(graph.nodes) - 1
    if layout.narrow:
        spacing, margin = 92.0, 40.0
        figure, axes = _axes(layout, -layout.width / 2 - 30, -margin, last * spacing + 2 * margin)
        places = [(0.0, spacing * i) for i in range(last + 1)]
        near, far = 78.0, 160.0
    else:
        spacing = (layout.width - 96) / last
        figure, axes = _axes(layout, -48, -150, 268)
        places = [(spacing * i, 0.0) for i in range(last + 1)]
        near, far = 62.0, 118.0
    for edge in graph.operations:
        a, b = places[edge.source], places[edge.target]
        span = edge.target - edge.source
        offset = 0.0 if span == 1 else far if span > 2 else near if edge.source % 2 == 0 else -near
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        top = (middle[0] - offset, middle[1]) if layout.narrow else (middle[0], middle[1] - offset)
        _arc(axes, a, top, b, edge)
        if edge.label != NONE:
            _box(axes, top, edge.label, _width(edge.label, layout), f"edge-{edge.source}-{edge.target}")
    for place, name in zip(places, graph.nodes, strict=True):
        _node(axes, place, name, ROUND)
    return figure


def _width(label: str, layout: Layout) -> float:
    return 0.6 * layout.font * len(label) + 14


def _arc(axes: Axes, a: Point, top: Point, b: Point, edge: Edge) -> None:
    """A curve from a to b whose middle is `top`, cut where the target begins, with a head."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    bend = (2 * top[0] - (a[0] + b[0]) / 2, 2 * top[1] - (a[1] + b[1]) / 2)

    def at(t: float) -> Point:
        x, y = (
            (1 - t) ** 2 * p + 2 * t * (1 - t) * q + t * t * r for p, q, r in zip(a, bend, b, strict=True)
        )
        return x, y

    t = 1.0
    while math.dist(at(t), b) < ROUND + 2 and t > 0.5:
        t -= 0.005
    middle = (a[0] + t * (bend[0] - a[0]), a[1] + t * (bend[1] - a[1]))
    empty = edge.label == NONE
    path = Path([a, middle, at(t)], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    axes.add_patch(
        FancyArrowPatch(
            path=path,
            arrowstyle="-" if empty else "-|>,head_length=7,head_width=4",
            mutation_scale=1,
            facecolor=CLOUD if empty else colour_of(edge.label),
            edgecolor=CLOUD if empty else colour_of(edge.label),
            linewidth=1.2 if empty else 2.2,
            linestyle=":" if empty else "-",
            fill=not empty,
            zorder=1,
        )
    )


def _track(graph: CellGraph, layout: Layout) -> Figure:
    """Nodes below each other, the operations that feed a node in boxes on both sides above it."""
    size = Sizes()
    inputs = [i for i in range(len(graph.nodes)) if not any(e.target == i for e in graph.edges)]
    output = len(graph.nodes) - 1
    heights: dict[int, float] = {}
    boxes: list[tuple[Edge, int, float]] = []
    y = 0.0
    for node in range(len(graph.nodes)):
        feeding = [e for e in graph.operations if e.target == node and e.label != NONE]
        for place, edge in enumerate(feeding):
            boxes.append((edge, -1 if place % 2 == 0 else 1, y + size.row * (place // 2)))
        y += size.row * ((len(feeding) + 1) // 2) + (4 if feeding else 0)
        heights[node] = y
        y += 44 if node in inputs else 40
    bottom = heights[output] + RADIUS + 10
    edge_of_boxes = size.inner + size.box
    figure, axes = _axes(layout, -(layout.width - 14) / 2, -RADIUS - 8, bottom + RADIUS + 8)

    def line(points: list[Point], *, head: bool, faint: bool = False) -> None:
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        codes = [Path.MOVETO, *[Path.LINETO] * (len(points) - 1)]
        axes.add_patch(
            FancyArrowPatch(
                path=Path(points, codes),
                arrowstyle="-|>,head_length=6,head_width=3.5" if head else "-",
                mutation_scale=1,
                color=CLOUD if faint else SOFT,
                linewidth=1.2 if faint else 1.6,
                linestyle=(0, (4, 3)) if faint and not head else "-",
                fill=head,
                joinstyle="round",
                zorder=1 if faint else 2,
            )
        )

    for side in (-1, 1):
        lanes = _lanes(boxes, side, heights)
        for source, lane in lanes.items():
            x = side * (size.lane + size.step * lane)
            start = heights[source] + 6
            ends = [at for edge, where, at in boxes if where == side and edge.source == source]
            line([(side * size.pill, start), (x, start), (x, max(ends))], head=False)
            for at in ends:
                line([(x, at), (side * (size.inner - 1), at)], head=True)
                if at != max(ends):
                    axes.plot([x], [at], "o", color=SOFT, markersize=5, zorder=2)
    for number, (edge, side, at) in enumerate(boxes):
        centre = side * (size.inner + size.box / 2)
        down = side * (size.inner + size.box - 16 - 10 * (_row(boxes, number) % 2))
        target = heights[edge.target] - 6
        line([(down, at + 12), (down, target), (side * (size.pill + 1), target)], head=True)
        _box(axes, (centre, at), edge.label, size.box, f"edge-{number}")
    joined = [e.source for e in graph.edges if e.joined]
    rail = edge_of_boxes + 8
    for source in joined:
        line([(size.pill, heights[source] + 1), (rail, heights[source] + 1)], head=False, faint=True)
    if joined:
        top = min(heights[source] for source in joined) + 1
        line([(rail, top), (rail, heights[output])], head=False, faint=True)
        line([(rail, heights[output]), (size.pill + 1, heights[output])], head=True, faint=True)
    for node, name in enumerate(graph.nodes):
        _node(axes, (0.0, heights[node]), name, size.pill)
    return figure


def _row(boxes: list[tuple[Edge, int, float]], number: int) -> int:
    """Which of the boxes of its node on its side this is, counted from above."""
    edge, side, _ = boxes[number]
    return sum(e.target == edge.target and s == side for e, s, _ in boxes[:number])


def _lanes(boxes: list[tuple[Edge, int, float]], side: int, heights: Mapping[int, float]) -> dict[int, int]:
    """A lane for every source on this side; two share one when the first ends before the second begins."""
    found: dict[int, int] = {}
    ends: list[float] = []
    for source in sorted({edge.source for edge, where, _ in boxes if where == side}):
        last = max(at for edge, where, at in boxes if where == side and edge.source == source)
        lane = next((i for i, end in enumerate(ends) if end < heights[source] - 4), len(ends))
        if lane == len(ends):
            ends.append(last)
        ends[lane] = last
        found[source] = lane
    return found
