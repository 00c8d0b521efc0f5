"""An evaluation as terminal tables and as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from croze.corruptions import GROUPS, SEVERITIES
from croze.robustness.metrics import CorruptionMetrics
from croze.robustness.result import Row, Summary

MOST_CLASSES = 20
"""Whose accuracies fit beside each other on a page."""


def evaluation_table(summary: Summary, title: str) -> Table:
    """For the terminal."""
    table = Table(title=title, title_justify="left")
    table.add_column("", overflow="fold")
    table.add_column("size", no_wrap=True)
    for heading in ("images", "accuracy", "95%", "HRS", "passes", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in summary.under_attack:
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
    for name, figures in (("all of these", summary.worst), ("mean over the attacks", summary.average)):
        for size, (value, images) in figures.items():
            table.add_row(name, size, str(images), f"{value:.1%}", "", "", "", "")
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
    for row in summary.under_attack:
        hrs = "" if row.hrs is None else f"{100 * row.hrs:.1f}"
        lines.append(
            f"| {row.what} | {row.size} | {row.images} | {100 * row.accuracy:.1f} | {_interval(row)} "
            f"| {hrs} | {row.forwards + row.backwards:,.0f} |"
        )
    lines += [
        f"| all of these | {size} | {n} | {100 * v:.1f} | | | |" for size, (v, n) in summary.worst.items()
    ]
    lines += [
        f"| mean over the attacks | {size} | {n} | {100 * v:.1f} | | | |"
        for size, (v, n) in summary.average.items()
    ]
    if summary.table3 is not None:
        lines += ["", table3_line(summary)]
    if summary.corruptions is not None:
        lines += _corruption_lines(summary.corruptions)
    lines += _class_lines(summary)
    if summary.signs:
        lines += ["", "Signs of masked gradients:", "", *(f"- {sign}" for sign in summary.signs)]
    return "\n".join(lines) + "\n"


def corruption_table(figures: CorruptionMetrics) -> Table:
    """Accuracy under each corruption and severity, for the terminal."""
    table = Table(title="Accuracy under corruptions", title_justify="left")
    table.add_column("", no_wrap=True)
    for severity in SEVERITIES:
        table.add_column(str(severity), justify="right", no_wrap=True)
    table.add_column("mean", justify="right", no_wrap=True)
    for name, values, mean in _corruption_rows(figures):
        table.add_row(name, *(_percent(value) for value in values), _percent(mean))
    if figures.mce is not None:
        table.caption = _about_mce(figures)
    return table


def _corruption_lines(figures: CorruptionMetrics) -> list[str]:
    """The same for the page."""
    heads = " | ".join(str(severity) for severity in SEVERITIES)
    lines = [
        "",
        "Accuracy in percent under corruptions, by severity. A group's figure is the mean over its members.",
        *([_about_mce(figures)] if figures.mce is not None else []),
        "",
        f"| | {heads} | mean |",
        f"|---|{'---|' * len(SEVERITIES)}---|",
    ]
    for name, values, mean in _corruption_rows(figures):
        cells = " | ".join("" if value is None else f"{100 * value:.1f}" for value in (*values, mean))
        lines.append(f"| {name} | {cells} |")
    return lines


def _class_lines(summary: Summary) -> list[str]:
    """Accuracy by class for the page; of many classes it is in the JSON alone."""
    classes = len(summary.rows[0].per_class)
    if classes > MOST_CLASSES:
        return []
    lines = [
        "",
        "Accuracy in percent by class; empty without an image of it.",
        "",
        f"| | size | {' | '.join(map(str, range(classes)))} |",
        f"|---|---|{'---|' * classes}",
    ]
    for row in summary.under_attack:
        cells = " | ".join("" if share is None else f"{100 * share:.1f}" for share in row.per_class)
        lines.append(f"| {row.what} | {row.size} | {cells} |")
    return lines


def _about_mce(figures: CorruptionMetrics) -> str:
    assert figures.mce is not None
    if figures.reference:
        return (
            f"mCE is {100 * figures.mce:.1f}: the mean over corruptions of the summed error, divided by that "
            f"of {figures.reference}."
        )
    return f"mCE, the mean error over all of them, is {100 * figures.mce:.1f}."


def _corruption_rows(
    figures: CorruptionMetrics,
) -> Iterator[tuple[str, tuple[float | None, ...], float | None]]:
    """Name, accuracy by severity and mean: corruptions by group, each group behind its own, all at last."""
    for group, members in GROUPS.items():
        for name in members:
            if name in figures.accuracies:
                row = figures.accuracies[name]
                yield name, tuple(row.get(severity) for severity in SEVERITIES), figures.by_corruption[name]
        if group in figures.by_group:
            yield group.upper(), _by_severity(figures, members), figures.by_group[group]
    if figures.mean is not None:
        yield "ALL (CC)", _by_severity(figures, tuple(figures.accuracies)), figures.mean


def _by_severity(figures: CorruptionMetrics, members: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(
        sum(figures.accuracies[name][severity] for name in members) / len(members) for severity in SEVERITIES
    )


def table3_line(summary: Summary) -> str:
    """The figures of the paper's Tables 3 and 5 in one sentence; empty where they are not known."""
    if summary.table3 is None:
        return ""
    found, images = summary.table3
    figures = ", ".join(f"{name} {100 * value:.1f}" for name, value in found.items())
    return (
        "As in Tables 3 and 5 of the CRoZe paper (CC: mean over all corruptions; FGSM at 8/255; avg: of the "
        f"four before), on {images} images: {figures}."
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _interval(row: Row) -> str:
    return f"{100 * row.interval[0]:.1f}-{100 * row.interval[1]:.1f}"
