"""The figure of a simulation (the paper's Figure 3): the best so far against the number of trained models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from croze.paper.simulation import BAND, Course, Simulation, Target
from croze.paper.simulation_sheets import goal_text
from croze.reporting.chart import check_plot, save
from croze.reporting.palette import SERIES

Floats = NDArray[np.float64]

SETTLED = 4
"""Models after which the lowest line decides where the vertical axis begins: the first few say little."""


@dataclass(frozen=True, eq=False)
class Line:
    """One strategy: mean and band, in percent, after 1, 2, ... trained models."""

    label: str
    guided: bool
    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Panel:
    """Strategies after one target with one guide, beside those without.

    Attributes:
        target: for people, such as FGSM-8.
        guide: spec of the guide; empty where there is none.
        lines: a line a strategy.
        goal: in percent.
        best: of all cells, in percent.
        bottom: where the vertical axis begins, in percent.
    """

    target: str
    guide: str
    lines: tuple[Line, ...]
    goal: float
    best: float
    bottom: float


def panels(simulation: Simulation) -> list[list[Panel]]:
    """A row a guide, in it a panel a target; the panels of a target share its axis."""
    guides = [guide.spec for guide in simulation.guides] or [""]
    return [[_panel(simulation, target, guide) for target in simulation.targets] for guide in guides]


def draw_simulation(simulation: Simulation, path: Path, title: str) -> None:
    """Write the figure; its kind follows the file's ending.

    Raises:
        CrozeError: as `check_plot`, or when the file cannot be written.
    """
    check_plot(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = panels(simulation)
    labels = list(dict.fromkeys(line.label for row in rows for panel in row for line in panel.lines))
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        size = (max(7.0, 4.8 * len(rows[0])), 1.0 + 3.3 * len(rows))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(rows), len(rows[0]), squeeze=False, sharex=True)
        for row, across in zip(rows, axes, strict=True):
            for panel, place in zip(row, across, strict=True):
                for line in panel.lines:
                    i = labels.index(line.label)
                    colour = SERIES[i % len(SERIES)]
                    models = np.arange(1, len(line.mean) + 1)
                    place.fill_between(models, line.low, line.high, color=colour, alpha=0.10, linewidth=0)
                    # lines begin alike: on top those with gaps, and these not at the same places
                    place.plot(
                        models,
                        line.mean,
                        linestyle="-" if line.guided else (4 * i, (4, 4)),
                        color=colour,
                        linewidth=1.4,
                        label=line.label,
                        zorder=2.5 if line.guided else 3,
                    )
                place.axhline(panel.goal, color="#555555", linewidth=0.8, linestyle=":")
                place.axhline(panel.best, color="#bbbbbb", linewidth=0.8)
                place.set_ylim(panel.bottom, panel.best + 0.04 * (panel.best - panel.bottom))
                place.set_xscale("log")
                place.set_xlim(1, max(simulation.budget, 2))
                place.xaxis.set_major_formatter("{x:,.0f}")
                place.grid(alpha=0.25)
                place.set_title(f"{panel.target}{f', guide {panel.guide}' if panel.guide else ''}")
                place.set_ylabel(f"best {panel.target} test accuracy, %")
        for place in axes[-1]:
            place.set_xlabel("trained models")
        handles = {line.get_label(): line for place in axes.flat for line in place.get_lines()}
        figure.legend(
            [handles[label] for label in labels],
            labels,
            loc="outside lower center",
            ncols=len(labels),
            frameon=False,
        )
        figure.suptitle(title)
        save(figure, path)


def caption(simulation: Simulation) -> str:
    """What the lines of the figure are."""
    low, high = (f"{share:.0%}" for share in BAND)
    goals = " and ".join(f"{goal_text(t)} ({t.name})" for t in simulation.targets)
    return (
        f"Lines are means over {simulation.runs:,} runs, bands their {low} and {high} quantiles, dashed "
        f"strategies have no guide; dotted: the goals {goals}; grey: the best of all cells. While strategies "
        "train the same models, their lines lie on each other."
    )


def _panel(simulation: Simulation, target: Target, guide: str) -> Panel:
    courses = simulation.of(target)
    settled = min(SETTLED, simulation.budget - 1)
    best = 100 * float(target.values[simulation.moves.representatives].max())
    lowest = 100 * min(float(course.mean[settled]) for course in courses)
    lowest = min(lowest, 100 * target.goal)
    return Panel(
        target.name,
        guide,
        tuple(_line(course) for course in courses if course.guide in ("", guide)),
        100 * target.goal,
        best,
        lowest - 0.05 * (best - lowest),
    )


def _line(course: Course) -> Line:
    low, high = course.band
    return Line(course.label, bool(course.guide), 100 * course.mean, 100 * low, 100 * high)
