"""The charts of a search: its progress, score against size, the front of several objectives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from croze.reporting.chart import MARKS, Chart, Layout, canvas, legend_above, thinned
from croze.reporting.palette import CLOUD, PANEL, SERIES
from croze.reporting.table import Table
from croze.reporting.text import millions, number
from croze.searching.objectives import Goal
from croze.searching.strategies.pareto import front
from croze.stats.hypervolume import hypervolume

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from croze.searching.run import SearchRun

MOST_ROWS = 50
"""Of a table behind a chart; `search.json` has them all."""

SIZES = {"params": "trainable parameters", "flops": "multiply-adds of one image"}
SHORT = {"params": "parameters", "flops": "multiply-adds"}


@dataclass(frozen=True)
class Points:
    """Candidates in a plane: their indices and places; of `front`, ordered by x, and `winner` the places in
    `indices`.
    """

    indices: tuple[int, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    front: tuple[int, ...]
    winner: int | None


def course(run: SearchRun) -> tuple[list[int], list[float], list[float]]:
    """Numbers of the candidates with a score, the scores by the first objective, the best so far."""
    good = sorted(run.order)
    values = run.values[good, 0]
    gather = np.maximum.accumulate if run.goals[0].maximise else np.minimum.accumulate
    return [i + 1 for i in good], values.tolist(), gather(values).tolist() if good else []


def growth(run: SearchRun) -> tuple[list[int], list[float], list[int]]:
    """Of several objectives: numbers of candidates, share of the final hypervolume, members of the front.

    Objectives are scaled to [0, 1] between the worst candidate, the reference point, and the best.
    """
    good = sorted(run.order)
    if not good:
        return [], [], []
    merits = run.merits[good]
    low, high = merits.min(axis=0), merits.max(axis=0)
    scaled = (merits - low) / np.where(high > low, high - low, 1.0)
    numbers, volumes, members = [], [], []
    kept: list[np.ndarray] = []
    for place, point in zip(good, scaled, strict=True):
        if not any((other >= point).all() and (other > point).any() for other in kept):
            kept = [o for o in kept if not ((point >= o).all() and (point > o).any())] + [point]
            volume = hypervolume(np.array(kept))
        numbers.append(place + 1)
        volumes.append(volume)
        members.append(len(kept))
    final = volumes[-1] or 1.0
    return numbers, [v / final for v in volumes], members


def against_size(run: SearchRun, size: str) -> Points:
    """Score by the first objective against a size: none has a better score than the front and is as small."""
    sizes = np.array([np.nan if (v := getattr(c, size)) is None else v for c in run.candidates], dtype=float)
    known = [i for i in sorted(run.order) if not np.isnan(sizes[i])]
    both = np.stack([run.merits[known, 0], -sizes[known]], axis=1)
    return _points(run, known, sizes[known], front(both))


def against_goal(run: SearchRun, other: int) -> Points:
    """The first objective against another one, with the front of all objectives."""
    good = sorted(run.order)
    members = set(run.front_indices)
    return _points(run, good, run.values[good, other], [k for k, i in enumerate(good) if i in members])


def _points(run: SearchRun, indices: list[int], x: np.ndarray, members: list[int]) -> Points:
    return Points(
        tuple(indices),
        tuple(x.tolist()),
        tuple(run.values[indices, 0].tolist()),
        tuple(sorted(members, key=lambda k: float(x[k]))),
        indices.index(run.best_index) if run.best_index in indices else None,
    )


def search_charts(run: SearchRun) -> tuple[Chart, ...]:
    """Progress, the fronts of several objectives, and score against sizes that most candidates have."""
    if not run.order:
        return ()
    charts = [_growth(run)] if run.several else [_progress(run)]
    charts += [_front(run, other) for other in range(1, len(run.goals))]
    covered = {goal.spec for goal in run.goals}
    others = {size: against_size(run, size) for size in SIZES if size not in covered}
    known = {size: points for size, points in others.items() if 2 * len(points.x) > len(run.order)}
    return (*charts, *(_size(run, size, points) for size, points in known.items()))


def _progress(run: SearchRun) -> Chart:
    numbers, scores, best = course(run)
    goal = run.goals[0]
    assert run.best_index is not None
    found = run.best_index + 1
    steps = [
        (f"{n:,}", number(b), run.candidates[n - 1].architecture)
        for i, (n, b) in enumerate(zip(numbers, best, strict=True))
        if i == 0 or b != best[i - 1]
    ]

    def draw(layout: Layout) -> Figure:
        from matplotlib.ticker import MaxNLocator

        figure = canvas(layout, 270 if layout.narrow else 330)
        axes = figure.subplots()
        some = thinned(numbers, scores)
        axes.plot(
            [numbers[i] for i in some], [scores[i] for i in some], "o", color=CLOUD, markersize=4,
            label="candidate", gid=f"{MARKS}-candidates",
        )  # fmt: skip
        axes.step(
            [*numbers, len(run.candidates)], [*best, best[-1]], where="post", color=SERIES[0], linewidth=2.5,
            label="best so far", gid=f"{MARKS}-best",
        )  # fmt: skip
        _star(axes, found, best[-1], "found")
        axes.set_xlabel("architectures scored")
        axes.set_ylabel(goal.spec)
        axes.set_xlim(0, len(run.candidates) * 1.02 + 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        legend_above(figure, axes, 3)
        return figure

    reading = (
        "Each dot is one architecture, in the order in which the search proposed it; the line is the best "
        "so far, the star the best of all."
    )
    if goal.definition.startswith(("rank(", "logrank(")):
        reading += (
            " The score combines the ranks of a candidate by several proxies among all candidates "
            "of this search."
        )
    return Chart(
        "search-progress",
        "Progress of the search",
        reading,
        f"{len(numbers):,} scored architectures; the best {goal.spec}, {number(best[-1])}, was number "
        f"{found:,} of {len(run.candidates):,}.",
        _cut(
            "Each time the best improved",
            ("candidate", f"best {goal.spec}", "architecture"),
            steps,
        ),
        draw,
    )


def _growth(run: SearchRun) -> Chart:
    numbers, volumes, members = growth(run)

    def draw(layout: Layout) -> Figure:
        figure = canvas(layout, 400 if layout.narrow else 290)
        upper, lower = figure.subplots(2, 1, sharex=True) if layout.narrow else figure.subplots(1, 2)
        upper.step(numbers, [100 * v for v in volumes], where="post", color=SERIES[0], gid=f"{MARKS}-volume")
        upper.set_title("hypervolume, % of the final one")
        upper.set_ylim(0, 104)
        lower.step(numbers, members, where="post", color=SERIES[1], gid=f"{MARKS}-members")
        lower.set_title("architectures on the front")
        lower.set_ylim(0, max(members) + 1)
        for axes in (lower,) if layout.narrow else (upper, lower):
            axes.set_xlabel("architectures scored")
        return figure

    rows = [
        (f"{n:,}", f"{100 * v:.1f}", f"{m:,}")
        for i, (n, v, m) in enumerate(zip(numbers, volumes, members, strict=True))
        if i in (0, len(numbers) - 1) or v != volumes[i - 1]
    ]
    return Chart(
        "search-progress",
        "Progress of the search",
        "Hypervolume dominated by the Pareto front, with every objective scaled from 0, the worst "
        "candidate, to 1, the best. The front is over all objectives.",
        f"After {numbers[-1]:,} architectures {members[-1]:,} are on the front.",
        _cut("Growth of the front", ("candidates", "hypervolume, %", "on the front"), rows),
        draw,
    )


def _front(run: SearchRun, other: int) -> Chart:
    first, second = run.goals[0], run.goals[other]
    several = len(run.goals) > 2
    reading = (
        "Blue: no other architecture is better in one objective and as good in "
        f"{'all others' if several else 'the other'}. {_direction(first)}; {_direction(second)}. "
        "The star has the best mean rank on the front."
    )
    title = f"Pareto front: {first.spec} and {second.spec}"
    points = against_goal(run, other)
    return _plane_chart(run, points, f"front-{other}", title, reading, second.spec, joined=not several)


def _size(run: SearchRun, size: str, points: Points) -> Chart:
    better = "higher" if run.goals[0].maximise else "lower"
    reading = (
        f"Blue: the Pareto front of score and {SHORT[size]}: no smaller architecture has as good a score "
        f"({better} is better). The star is the winner."
    )
    return _plane_chart(run, points, size, f"Score against {SHORT[size]}", reading, size, joined=True)


def _plane_chart(
    run: SearchRun, points: Points, name: str, title: str, reading: str, other: str, *, joined: bool
) -> Chart:
    score = run.goals[0].spec
    of = f" of {score} and {SIZES[other]}" if name == other else ""
    rows = [
        (number(points.x[k]), number(points.y[k]), run.candidates[points.indices[k]].architecture)
        for k in points.front
    ]
    return Chart(
        f"search-{name}",
        title,
        reading,
        f"{len(points.front):,} of {len(points.x):,} architectures are on the front{of}.",
        _cut("On the front", (other, score, "architecture"), rows),
        lambda layout: _plane(points, layout, _axis(other), score, joined=joined),
        half=True,
    )


def _direction(goal: Goal) -> str:
    return f"{goal.spec} ({'higher' if goal.maximise else 'lower'} is better)"


def _axis(spec: str) -> str:
    return {"params": "parameters", "flops": SIZES["flops"]}.get(spec, spec)


def _plane(points: Points, layout: Layout, across: str, up: str, *, joined: bool) -> Figure:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure = canvas(layout, 290 if layout.narrow else 330)
    axes = figure.subplots()
    on = set(points.front)
    others = [i for i in range(len(points.x)) if i not in on]
    shown = thinned([points.x[i] for i in others], [points.y[i] for i in others])
    axes.plot(
        [points.x[others[i]] for i in shown], [points.y[others[i]] for i in shown], "o", color=CLOUD,
        markersize=4, label="candidate", gid=f"{MARKS}-candidates",
    )  # fmt: skip
    axes.plot(
        [points.x[i] for i in points.front], [points.y[i] for i in points.front], "o-" if joined else "o",
        color=SERIES[0], markersize=6, linewidth=1.6, label="Pareto front", gid=f"{MARKS}-front",
    )  # fmt: skip
    if points.winner is not None:
        _star(axes, points.x[points.winner], points.y[points.winner], "winner")
    if max(points.x) > 1e4:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: millions(value)))
    axes.xaxis.set_major_locator(MaxNLocator(5 if layout.narrow else 6))
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.margins(0.06)
    legend_above(figure, axes, 3)
    return figure


def _star(axes: Axes, x: float, y: float, label: str) -> None:
    axes.plot(
        [x], [y], "*", color=SERIES[1], markersize=17, markeredgecolor=PANEL, markeredgewidth=1.2,
        label=label, gid=f"{MARKS}-winner", zorder=5, clip_on=False,
    )  # fmt: skip


def _cut(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    note = ""
    if len(rows) > MOST_ROWS:
        note = f"The first {MOST_ROWS} of {len(rows):,}; search.json has all."
    return Table(title, note, head, tuple(rows[:MOST_ROWS]))
