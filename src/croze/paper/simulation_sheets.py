"""The tables of a simulation as data: for the terminal and for the page alike."""

from __future__ import annotations

import math

from croze.paper.simulation import BAND, QUANTILES, Course, Simulation, Target
from croze.reporting.table import Table

COUNTS = (1, 3, 10, 30, 100, 300, 1000)
"""Numbers of trained models after which the tables show the best so far."""


def sheets(simulation: Simulation) -> list[Table]:
    """For each target the models to reach it and the best so far; then what the guides are."""
    found = []
    for target in simulation.targets:
        found += [_reaching(simulation, target), _best(simulation, target)]
    return found if not simulation.guides else [*found, _guides(simulation)]


def goals(simulation: Simulation) -> list[str]:
    """For each target how many cells reach it, and what random search needs by chance."""
    return [_goal(simulation, target) for target in simulation.targets]


def models_text(models: float, budget: int) -> str:
    """A number of models, or that it is more than were trained."""
    return f"> {budget:,}" if math.isinf(models) else f"{models:,.0f}"


def percent_text(accuracy: float) -> str:
    """An accuracy in percent with two digits behind the point, without the sign."""
    return f"{100 * accuracy:.2f}"


def goal_text(target: Target) -> str:
    """The target's goal in percent, as it was given."""
    return f"{round(100 * target.goal, 6):g}%"


def _goal(simulation: Simulation, target: Target) -> str:
    cells = simulation.moves.representatives
    above = int(target.above(cells).sum())
    course = simulation.random(target)
    text = (
        f"{target.name} {goal_text(target)} ({target.source}): {above:,} of {len(cells):,} distinct cells "
        f"reach it ({simulation.share(target):.1%}), the best has "
        f"{percent_text(float(target.values[cells].max()))}%. "
    )
    if not above:
        return f"{text}No search can."
    expected = simulation.expected(target)
    text += f"Random search trains {expected:,.1f} models until then, on average and in closed form"
    if course.missed:
        return f"{text}; {course.missed:,} of its {simulation.runs:,} runs did not get there."
    text += f"; {course.models.mean():,.1f} in these runs"
    if simulation.runs == 1:
        return f"{text}."
    error = float(course.models.std(ddof=1)) / math.sqrt(simulation.runs)
    return f"{text}, with a standard error of {error:,.1f}."


def _reaching(simulation: Simulation, target: Target) -> Table:
    title = f"Trained models until {target.name} reaches {goal_text(target)}"
    shares = ["median" if share == 0.5 else f"{share:.0%}" for share in QUANTILES]
    head = ("strategy", "guide", *shares, "not reached", "times fewer")
    rows = []
    for course in simulation.of(target):
        saving = simulation.saving(target, course)
        rows.append(
            (
                course.label,
                course.guide,
                *(models_text(n, simulation.budget) for n in course.quantiles.values()),
                f"{course.missed:,} of {simulation.runs:,}",
                "-" if math.isnan(saving) else f"{saving:.1f}",
            )
        )
    return Table(title, "", head, tuple(rows))


def _best(simulation: Simulation, target: Target) -> Table:
    title = f"Best {target.name} so far, %"
    counts = [n for n in COUNTS if n < simulation.budget] + [simulation.budget]
    low, high = (f"{share:.0%}" for share in BAND)
    note = f"After so many trained models: the mean over the runs, and their {low} and {high} quantiles."
    rows = tuple((c.label, c.guide, *(_at(c, n) for n in counts)) for c in simulation.of(target))
    return Table(title, note, ("strategy", "guide", *(f"{n:,}" for n in counts)), rows)


def _at(course: Course, count: int) -> str:
    low, high = course.band
    mean, low_end, high_end = (percent_text(line[count - 1]) for line in (course.mean, low, high))
    return f"{mean} ({low_end}–{high_end})"


def _guides(simulation: Simulation) -> Table:
    rows = [
        (
            f"`{g.spec}`",
            g.definition if g.definition != g.spec else "",
            f"{g.scored:,}",
            f"{g.failures:,}",
            g.reason,
        )
        for g in simulation.guides
    ]
    note = (
        "What a guide fails on it has no opinion of: a guided strategy never asks for it, a random draw may."
    )
    head = ("guide", "made of", "distinct cells scored", "failed", "the first because")
    return Table("The guides", note, head, tuple(rows), prose=True)
