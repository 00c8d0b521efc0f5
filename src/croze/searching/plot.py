"""The figure of a search: the Pareto front among all candidates, or the progress towards the best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from croze.reporting.chart import check_plot, save
from croze.reporting.palette import INK, SERIES
from croze.searching.history import Progress


@dataclass(frozen=True)
class Cloud:
    """Candidates by the first two objectives, raw values; the front in the order of the first objective."""

    labels: tuple[str, str]
    others: tuple[tuple[float, ...], tuple[float, ...]]
    front: tuple[tuple[float, ...], tuple[float, ...]]
    chosen: tuple[float, float] | None


@dataclass(frozen=True)
class Course:
    """Scores in the order of asking, and the best so far; failures are left out.

    By an aggregate both are the places among all candidates of the search.
    """

    label: str
    numbers: tuple[int, ...]
    scores: tuple[float, ...]
    best: tuple[float, ...]


def cloud(progress: Progress) -> Cloud:
    """The data of the front's figure, of the first two objectives."""
    first, second = progress.objectives[:2]
    members = progress.front()
    known = {candidate.architecture for candidate in members}
    others = [c for c in progress.candidates if not c.reason and c.architecture not in known]
    compromise = progress.compromise()

    def pairs(candidates: list) -> tuple[tuple[float, ...], tuple[float, ...]]:  # type: ignore[type-arg]
        values = [(c.scores[0].value, c.scores[1].value) for c in candidates]
        return tuple(v[0] for v in values), tuple(v[1] for v in values)

    chosen = pairs([compromise]) if compromise else None
    return Cloud(
        (str(first), str(second)),
        pairs(others),
        pairs(members),
        (chosen[0][0], chosen[1][0]) if chosen else None,
    )


def course(progress: Progress) -> Course:
    """The data of the figure of a search by one objective."""
    objective = progress.objectives[0]
    numbers, scores, best = [], [], []
    leader = -math.inf
    for number, candidate in enumerate(progress.candidates, start=1):
        value = candidate.score.value
        if value is None:
            continue
        leader = max(leader, objective.merit(value))
        numbers.append(number)
        scores.append(value)
        best.append(objective.merit(leader))
    return Course(objective.spec, tuple(numbers), tuple(scores), tuple(best))


def draw_search(progress: Progress, path: Path, title: str) -> None:
    """Write the figure; its kind follows the file's ending.

    Raises:
        CrozeError: as `check_plot`, or when the file cannot be written.
    """
    check_plot(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4.4), layout="constrained")
        axes = figure.subplots()
        if len(progress.objectives) > 1:
            data = cloud(progress)
            axes.plot(*data.others, "o", color="#9a9a9a", markersize=3, alpha=0.6, label="candidates")
            axes.plot(*data.front, "o-", color=INK, markersize=5, linewidth=1, label="Pareto front")
            if data.chosen is not None:
                axes.plot(*data.chosen, "*", color=SERIES[4], markersize=14, label="best mean rank")
            axes.set_xlabel(data.labels[0])
            axes.set_ylabel(data.labels[1])
        else:
            line = course(progress)
            axes.plot(line.numbers, line.scores, "o", color="#9a9a9a", markersize=3, label="candidate")
            axes.plot(line.numbers, line.best, color=INK, drawstyle="steps-post", label="best so far")
            axes.set_xlabel("architectures scored")
            axes.set_ylabel(line.label)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        axes.set_title(fill(title, 90), fontsize=9)
        save(figure, path)
