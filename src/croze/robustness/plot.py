"""An evaluation as a picture: accuracy under each attack, and under each corruption and severity."""

from __future__ import annotations

import math
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from croze.corruptions import GROUPS, SEVERITIES
from croze.reporting.chart import save
from croze.reporting.palette import INK, SERIES
from croze.robustness.metrics import CorruptionMetrics
from croze.robustness.result import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_evaluation(summary: Summary, path: Path, title: str) -> None:
    """Accuracy under each attack with its interval; a map of corruptions and severities where there are any.

    Raises:
        CrozeError: when the file cannot be written.
    """
    from matplotlib.figure import Figure

    figures = summary.corruptions
    left = 1.4 + 0.34 * len(summary.under_attack)
    if figures is None:
        figure = Figure(figsize=(7.5, left), layout="constrained")
        _attacks(figure.subplots(), summary)
    else:
        right = 1.6 + 0.27 * len(figures.accuracies)
        figure = Figure(figsize=(11.5, max(left, right)), layout="constrained")
        one, other = figure.subplots(1, 2, width_ratios=(1.15, 1))
        _attacks(one, summary)
        _corruptions(other, figures)
    figure.suptitle("\n".join(wrap(title, 110)), fontsize=9)
    save(figure, path)


def _attacks(axes: Axes, summary: Summary) -> None:
    rows = summary.under_attack
    places = range(len(rows))[::-1]
    values = [100 * row.accuracy for row in rows]
    spread = [
        [100 * (row.accuracy - row.interval[0]) for row in rows],
        [100 * (row.interval[1] - row.accuracy) for row in rows],
    ]
    axes.barh(places, values, xerr=spread, color=SERIES[0], ecolor=INK, capsize=2)
    axes.set_ylim(len(rows) - 0.4 - max(len(rows), 10), len(rows) - 0.4)  # few bars stay slim
    axes.set_yticks(list(places), [f"{row.what} {row.size}".strip() for row in rows], fontsize=8)
    axes.set(xlabel="accuracy, % (lines: 95%)", xlim=(0, 100))
    axes.grid(alpha=0.3, axis="x")


def _corruptions(axes: Axes, figures: CorruptionMetrics) -> None:
    names = [name for members in GROUPS.values() for name in members if name in figures.accuracies]
    cells = [
        [100 * figures.accuracies[name].get(severity, math.nan) for severity in SEVERITIES] for name in names
    ]
    axes.imshow(cells, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for i, row in enumerate(cells):
        for j, value in enumerate(row):
            if not math.isnan(value):
                colour = "black" if value > 55 else "white"
                axes.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=8, color=colour)
    border = -0.5
    for members in GROUPS.values():
        border += sum(name in figures.accuracies for name in members)
        axes.axhline(border, color="white", linewidth=2)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=8)
    axes.set_xticks(range(len(SEVERITIES)), [str(severity) for severity in SEVERITIES])
    mean = "" if figures.mean is None else f" (mean of all {figures.mean:.1%})"
    axes.set(xlabel="severity", title=f"accuracy under corruptions, %{mean}")
    axes.title.set_fontsize(9)
