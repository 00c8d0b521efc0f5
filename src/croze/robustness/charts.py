"""The charts of an evaluation: attacks with intervals, corruptions by group, severities."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from croze.corruptions.names import GROUPS, SEVERITIES
from croze.perturb.base import NORMS
from croze.perturb.epsilon import parse_epsilon
from croze.reporting.chart import MARKS, Chart, Layout, canvas, legend_above
from croze.reporting.palette import CLOUD, INK, PANEL, SERIES, SOFT
from croze.reporting.table import Table
from croze.reporting.text import percent, shortened
from croze.robustness.metrics import CorruptionMetrics, wilson
from croze.robustness.summary import SEVERITY, Summary
from croze.robustness.tables import TOGETHER, attack_table, corruption_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^"

Grouped = Mapping[str, Mapping[str, Mapping[int, float]]]
"""Accuracies by group, corruption and severity."""


@dataclass(frozen=True)
class Bar:
    """Accuracy under one thing, in [0, 1], on so many images, with Wilson's 95% interval."""

    label: str
    size: str
    accuracy: float
    images: int
    interval: tuple[float, float]

    @property
    def name(self) -> str:
        """Label and size."""
        return f"{self.label} {self.size}".strip()


def attack_bars(summary: Summary) -> list[Bar]:
    """Clean, then the attacks by size, each size closed by the worst case over its attacks."""
    bars = []
    for size in dict.fromkeys(row.size for row in summary.under_attack):
        same = [row for row in summary.under_attack if row.size == size]
        bars += [Bar(row.what, size, row.accuracy, row.images, row.wilson95) for row in same]
        worst = summary.worst_case.get(size)
        if worst is not None and worst.wilson95 is not None:
            bars.append(Bar(TOGETHER, size, worst.accuracy, worst.images, worst.wilson95))
    return bars


def by_group(metrics: CorruptionMetrics) -> Grouped:
    """Accuracies by group, corruption and severity; groups without any left out."""
    found = metrics.accuracies
    grouped = {
        group: {name: found[name] for name in members if name in found} for group, members in GROUPS.items()
    }
    return {group: members for group, members in grouped.items() if members}


def evaluation_charts(summary: Summary) -> tuple[Chart, ...]:
    """All that the evaluation has data for."""
    charts = [_attacks(summary), *_epsilons(summary)]
    metrics = summary.corruptions
    if metrics is not None:
        grouped, clean = by_group(metrics), summary.conditions[0].accuracy
        # the severities of an image are not independent: the interval counts it once
        count = min(row.images for row in summary.conditions if row.size.startswith(SEVERITY))
        charts += [_corruptions(metrics, grouped, clean, count), _severities(metrics, grouped, clean)]
    return tuple(charts)


def _attacks(summary: Summary) -> Chart:
    bars = attack_bars(summary)

    def draw(layout: Layout) -> Figure:
        row = 40 if layout.narrow else 30
        figure = canvas(layout, 60 + row * len(bars))
        axes = figure.subplots()
        for i, bar in enumerate(bars):
            colour = SERIES[0] if not bar.size else SERIES[5] if bar.label == TOGETHER else SERIES[1]
            down = i + (0.16 if layout.narrow else 0)
            axes.barh(
                down, 100 * bar.accuracy, 0.45 if layout.narrow else 0.62, color=colour, gid=f"{MARKS}-{i}"
            )
            with_interval(axes, down, bar.interval)
            written(axes, down, bar.accuracy, bar.images)
            if layout.narrow:
                axes.text(0, i - 0.28, shortened(bar.name, 46), va="center_baseline", color=SOFT)
        scale(axes, max(bar.interval[1] for bar in bars), layout)
        axes.set_ylim(len(bars) - 0.45, -0.6)
        axes.set_xlabel("accuracy, %")
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        axes.set_yticks(range(len(bars)), ["" if layout.narrow else shortened(bar.name, 56) for bar in bars])
        return figure

    unlimited = [bar.name for bar in bars if bar.size and bar.size not in summary.average_over_attacks]
    check = " {} is unbounded; accuracy that remains under it is a sign of gradient masking."
    return Chart(
        "evaluation-attacks",
        "Accuracy under attack",
        "Bars: fraction of images that are classified correctly, with 95% Wilson intervals; clean images "
        f"first. '{TOGETHER}' counts an image as correct only if no attack of that epsilon that saw it "
        f"succeeds.{check.format(unlimited[-1]) if unlimited else ''}",
        "; ".join(f"{bar.name} {percent(bar.accuracy)}" for bar in bars) + ".",
        attack_table(summary, "Accuracy under attack"),
        draw,
    )


def curves(summary: Summary, norm: str) -> dict[str, list[tuple[float, float]]]:
    """Epsilon and accuracy of each attack that was run at two sizes or more, rising from the clean images."""
    clean = summary.conditions[0].accuracy
    found: dict[str, list[tuple[float, float]]] = {}
    for row in summary.under_attack:
        kind, _, epsilon = row.size.partition(" ")
        # sizes without an average are those of the check for masked gradients
        if kind == norm and row.size in summary.average_over_attacks:
            found.setdefault(row.what, []).append((parse_epsilon(epsilon, norm, zero=True), row.accuracy))
    several = {name: points for name, points in found.items() if len(points) > 1}
    return {name: sorted({0.0: clean, **dict(points)}.items()) for name, points in several.items()}


def _epsilons(summary: Summary) -> Iterator[Chart]:
    for norm in NORMS:
        lines = curves(summary, norm)
        if lines:
            yield _epsilon(norm, lines)


def _epsilon(norm: str, lines: Mapping[str, list[tuple[float, float]]]) -> Chart:
    unit, label = (255, "epsilon in l-inf, 1/255") if norm == "linf" else (1, "epsilon in l2")

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 260 if layout.narrow else 300)
        axes = figure.subplots()
        for k, (name, points) in enumerate(lines.items()):
            sizes, values = zip(*points, strict=True)
            axes.plot(
                [unit * size for size in sizes], [100 * value for value in values], f"{MARKERS[k % 4]}-",
                color=SERIES[k % len(SERIES)], markersize=6, label=name, gid=f"{MARKS}-{k}",
            )  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.set_xlabel(label)
        axes.set_ylabel("accuracy, %")
        legend_above(figure, axes, 1 if layout.narrow else 4)
        return figure

    rows = [
        (name, f"{unit * size:g}", percent(value)) for name, points in lines.items() for size, value in points
    ]
    ends = "; ".join(f"{name} {percent(points[-1][1])}" for name, points in lines.items())
    return Chart(
        f"evaluation-epsilon-{norm}",
        f"Accuracy against epsilon, {norm}",
        "Accuracy falls to 0 as epsilon grows; where it does not, gradients may be masked.",
        f"{ends} at the largest epsilon.",
        Table("Accuracy against epsilon", "", ("attack", label, "accuracy"), tuple(rows)),
        draw,
        half=True,
    )


def scale(axes: Axes, highest: float, layout: Layout) -> None:
    """From 0 to the next ten above the highest accuracy, with a margin on the right for numbers."""
    top = min(100, 10 * math.ceil(10 * highest + 1e-9)) or 10
    step = 20 if top > 50 else 10 if top > 20 else 5
    axes.set_xlim(0, top * (1.4 if layout.narrow else 1.16))
    axes.set_xticks(range(0, top + 1, step))


def with_interval(axes: Axes, place: float, interval: tuple[float, float]) -> None:
    """An interval of shares across the bar at this place."""
    ends = [100 * share for share in interval]
    axes.plot(ends, [place, place], color=INK, linewidth=1.6)
    axes.plot(ends, [place, place], "|", color=INK, markersize=8, markeredgewidth=1.6)


def written(axes: Axes, place: float, accuracy: float, images: int) -> None:
    """The accuracy in percent and n at the right end of its row, where nothing else is drawn."""
    axes.text(
        1,
        place,
        f"{100 * accuracy:.1f} (n = {images:,})",
        ha="right",
        va="center_baseline",
        transform=axes.get_yaxis_transform(),
    )


def _corruptions(metrics: CorruptionMetrics, grouped: Grouped, clean: float, count: int) -> Chart:
    means = {
        group: {name: sum(row.values()) / len(row) for name, row in members.items()}
        for group, members in grouped.items()
    }
    intervals = {
        name: wilson(round(value * count), count)
        for members in means.values()
        for name, value in members.items()
    }

    def draw(layout: Layout) -> Figure:
        bars = sum(map(len, means.values()))
        row = 23
        figure = canvas(layout, 64 + row * (bars + len(means) * 1.2))
        axes = figure.subplots()
        place, ticks, names = 0.0, [], []
        for g, members in enumerate(means.values()):
            for name, value in members.items():
                axes.barh(place, 100 * value, 0.68, color=SERIES[g], gid=f"{MARKS}-{name}")
                with_interval(axes, place, intervals[name])
                written(axes, place, value, count)
                ticks.append(place)
                names.append(name.replace("_", " "))
                place += 1
            mean = sum(members.values()) / len(members)
            axes.barh(place, 100 * mean, 0.68, facecolor=PANEL, edgecolor=SERIES[g], linewidth=2, hatch="")
            with_interval(axes, place, wilson(round(mean * count), count))
            written(axes, place, mean, count)
            ticks.append(place)
            names.append(f"{list(means)[g]}, mean")
            place += 1.5
        axes.axvline(100 * clean, color=INK, linewidth=1.4, linestyle=(0, (4, 3)), label="clean")
        legend_above(figure, axes, 1)
        axes.set_yticks(ticks, names)
        axes.set_ylim(place - 0.9, -0.6)
        scale(axes, max(clean, *(high for _, high in intervals.values())), layout)
        axes.set_xlabel("accuracy, %")
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        return figure

    mean = metrics.mean
    return Chart(
        "evaluation-corruptions",
        "Accuracy under corruptions, by group",
        "Mean over the evaluated severities, with 95% Wilson intervals that count an image once. Filled "
        "bars: corruptions; hollow bars: means of a group; dashed line: the accuracy on clean images.",
        f"Mean over all corruptions {percent(mean)}." if mean is not None else "Means by corruption.",
        corruption_table(metrics),
        draw,
    )


def _severities(metrics: CorruptionMetrics, grouped: Grouped, clean: float) -> Chart:
    top = max([v for m in grouped.values() for row in m.values() for v in row.values()] + [clean])

    def panel(axes: Axes, group: str, members: Mapping[str, Mapping[int, float]], layout: Layout) -> None:
        for k, (name, row) in enumerate(members.items()):
            severities = sorted(row)
            axes.plot(
                severities, [100 * row[s] for s in severities], f"{MARKERS[k]}-", color=SERIES[k],
                markersize=6, label=name.replace("_", " "), gid=f"{MARKS}-{name}",
            )  # fmt: skip
        axes.axhline(100 * clean, color=CLOUD, linewidth=1.4, linestyle=(0, (4, 3)), label="clean")
        axes.set_title(group)
        axes.set_xticks(SEVERITIES)
        axes.set_xlim(0.8, 5.2)
        axes.set_ylim(0, min(100, 100 * top * 1.1 + 2))
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.16 if not layout.narrow else -0.2), ncols=2,
                    borderaxespad=0, handlelength=1.8)  # fmt: skip

    def draw(layout: Layout) -> Figure:
        across = 1 if layout.narrow else min(len(grouped), 2)
        down = -(-len(grouped) // across)
        figure = canvas(layout, down * (280 if layout.narrow else 310))
        axes = figure.subplots(down, across, squeeze=False, sharey=True)
        for place, (group, members) in zip(axes.flat, grouped.items(), strict=False):
            panel(place, group, members, layout)
        for place in axes.flat[len(grouped) :]:
            place.set_axis_off()
        for place in axes[:, 0]:
            place.set_ylabel("accuracy, %")
        return figure

    return Chart(
        "evaluation-severities",
        "Accuracy by severity",
        "Accuracy by severity: 1 is mild, 5 the strongest. A flat line means that the network is "
        "insensitive to the corruption.",
        "Lines by severity for " + ", ".join(n.replace("_", " ") for m in grouped.values() for n in m) + ".",
        corruption_table(metrics),
        draw,
    )
