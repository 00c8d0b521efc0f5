"""An evaluation as data, as Markdown, as a terminal table and as a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from croze.data import Dataset
from croze.perturb.epsilon import write_epsilon
from croze.report.figures import COLOURS, save
from croze.robustness.evaluate import Result
from croze.robustness.figures import harmonic_robustness, per_class, wilson, worst_case
from croze.robustness.masking import UNBOUNDED, masking_signs
from croze.robustness.trials import Attacked, Trial


@dataclass(frozen=True)
class Row:
    """One trial.

    Attributes:
        what: clean, or the attack.
        size: norm and epsilon; empty for clean.
        images: on how many.
        accuracy: in [0, 1], with Wilson's 95% interval.
        hrs: with the clean accuracy of the same images; None for clean.
        per_class: accuracy of each class.
        seconds, forwards, backwards: what it took; the latter two in passes an image.
    """

    what: str
    size: str
    images: int
    accuracy: float
    interval: tuple[float, float]
    hrs: float | None
    per_class: tuple[float | None, ...]
    seconds: float
    forwards: float
    backwards: float


@dataclass(frozen=True)
class Summary:
    """All of an evaluation.

    Attributes:
        rows: by trial.
        worst: for each norm and epsilon with several attacks: accuracy against all of them together, and on
            how many images.
        average: for each norm and epsilon: mean accuracy over the attacks without clean, which is "Avg." of
            the paper's Table 4.
        signs: of masked gradients.
    """

    rows: tuple[Row, ...]
    worst: Mapping[str, tuple[float, int]]
    average: Mapping[str, float]
    signs: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; accuracies are shares."""
        return {
            "trials": [
                {
                    "what": row.what,
                    "size": row.size,
                    "images": row.images,
                    "accuracy": row.accuracy,
                    "wilson95": list(row.interval),
                    "hrs": row.hrs,
                    "per_class": list(row.per_class),
                    "seconds": row.seconds,
                    "forwards_per_image": row.forwards,
                    "backwards_per_image": row.backwards,
                }
                for row in self.rows
            ],
            "worst_case": {
                size: {"accuracy": value, "images": images} for size, (value, images) in self.worst.items()
            },
            "average_over_attacks": dict(self.average),
            "signs_of_masking": list(self.signs),
        }


def summarise(trials: Sequence[Trial], results: Mapping[str, Result], dataset: Dataset) -> Summary:
    """The figures of an evaluation; the trial `clean` has to be among them."""
    clean = results["clean"].correct
    rows = []
    by_size: dict[str, list[Result]] = {}
    for trial in trials:
        found = results[trial.key]
        count = len(found.correct)
        what, size, hrs = trial.key, "", None
        if isinstance(trial, Attacked):
            what, size = trial.attack.spec, f"{trial.norm} {write_epsilon(trial.epsilon)}"
            hrs = harmonic_robustness(float(clean[:count].mean()), found.accuracy)
            if trial.epsilon < UNBOUNDED or trial.norm != "linf":
                by_size.setdefault(size, []).append(found)
        rows.append(
            Row(
                what,
                size,
                count,
                found.accuracy,
                wilson(int(found.correct.sum()), count),
                hrs,
                per_class(found.correct, dataset.labels, dataset.classes),
                found.seconds,
                found.forwards / count,
                found.backwards / count,
            )
        )
    worst = {}
    for size, all_of_it in by_size.items():
        if len(all_of_it) > 1:
            together = worst_case([one.correct for one in all_of_it])
            worst[size] = float(together.mean()), len(together)
    return Summary(
        tuple(rows),
        worst,
        {size: sum(one.accuracy for one in found) / len(found) for size, found in by_size.items()},
        tuple(masking_signs(list(trials), {key: result.correct for key, result in results.items()})),
    )


def evaluation_table(summary: Summary, title: str) -> Table:
    """For the terminal."""
    table = Table(title=title, title_justify="left")
    table.add_column("", overflow="fold")
    table.add_column("size", no_wrap=True)
    for heading in ("images", "accuracy", "95%", "HRS", "passes", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in summary.rows:
        table.add_row(
            row.what,
            row.size,
            str(row.images),
            f"{row.accuracy:.1%}",
            _interval(row),
            "" if row.hrs is None else f"{row.hrs:.1%}",
            f"{row.forwards + row.backwards:,.0f}",
            f"{row.seconds:.1f}",
        )
    for size, (value, images) in summary.worst.items():
        table.add_row("all of these", size, str(images), f"{value:.1%}", "", "", "", "")
    return table


def evaluation_markdown(summary: Summary, title: str, command: str) -> str:
    """The same as a page."""
    lines = [
        f"# {title}",
        "",
        "Accuracies in percent, with Wilson's 95% interval. HRS is the harmonic mean of clean and robust",
        "accuracy on the same images. Passes are forward and backward passes an image. Written by",
        "",
        "```console",
        f"$ {command}",
        "```",
        "",
        "| | size | images | accuracy | 95% | HRS | passes |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in summary.rows:
        hrs = "" if row.hrs is None else f"{100 * row.hrs:.1f}"
        lines.append(
            f"| {row.what} | {row.size} | {row.images} | {100 * row.accuracy:.1f} | {_interval(row)} "
            f"| {hrs} | {row.forwards + row.backwards:,.0f} |"
        )
    lines += [
        f"| all of these | {size} | {n} | {100 * v:.1f} | | | |" for size, (v, n) in summary.worst.items()
    ]
    lines += [
        f"| mean over the attacks | {size} | | {100 * value:.1f} | | | |"
        for size, value in summary.average.items()
    ]
    if summary.signs:
        lines += ["", "Signs of masked gradients:", "", *(f"- {sign}" for sign in summary.signs)]
    return "\n".join(lines) + "\n"


def draw_evaluation(summary: Summary, path: Path, title: str) -> None:
    """Accuracy under each attack with its interval.

    Raises:
        CrozeError: when the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 1.4 + 0.34 * len(summary.rows)), layout="constrained")
    axes = figure.subplots()
    places = range(len(summary.rows))[::-1]
    values = [100 * row.accuracy for row in summary.rows]
    spread = [
        [100 * (row.accuracy - row.interval[0]) for row in summary.rows],
        [100 * (row.interval[1] - row.accuracy) for row in summary.rows],
    ]
    axes.barh(places, values, xerr=spread, color=COLOURS[6], ecolor=COLOURS[0], capsize=2)
    axes.set_yticks(list(places), [f"{row.what} {row.size}".strip() for row in summary.rows], fontsize=8)
    axes.set(xlabel="accuracy, % (lines: 95%)", xlim=(0, 100))
    axes.grid(alpha=0.3, axis="x")
    figure.suptitle(title if len(title) < 70 else f"{title[:67]}...", fontsize=9)
    save(figure, path)


def _interval(row: Row) -> str:
    return f"{100 * row.interval[0]:.1f}-{100 * row.interval[1]:.1f}"
