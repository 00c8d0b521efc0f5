"""The tables of an evaluation: under attack, under corruptions, by class."""

from __future__ import annotations

from collections.abc import Iterator

from croze.corruptions.names import GROUPS, SEVERITIES
from croze.reporting.table import Table
from croze.reporting.text import percent
from croze.robustness.metrics import CorruptionMetrics
from croze.robustness.summary import Summary

TOGETHER = "all attacks together"

MOST_CLASSES = 20
"""Whose accuracies fit beside each other."""


def tables(summary: Summary) -> tuple[Table, ...]:
    """Everything that is measured; accuracies by class where there are not too many classes."""
    found = [attack_table(summary, "Accuracy under attack")]
    if summary.corruptions is not None:
        found.append(corruption_table(summary.corruptions))
    classes = len(summary.conditions[0].per_class)
    if classes <= MOST_CLASSES:
        rows = tuple(
            (row.name, *("–" if share is None else f"{100 * share:.1f}" for share in row.per_class))
            for row in summary.under_attack
        )
        head = ("", *map(str, range(classes)))
        found.append(Table("Accuracy by class, %", "A dash: no image of the class.", head, rows))
    return tuple(found)


def attack_table(summary: Summary, title: str) -> Table:
    """Clean images and attacks, and at each size all attacks together and their mean."""
    saved = any(row.accuracy_in_8_bits is not None for row in summary.under_attack)
    rows = [
        (
            row.what,
            row.size,
            f"{row.images:,}",
            percent(row.accuracy),
            _interval(row.wilson95),
            *(("" if row.accuracy_in_8_bits is None else percent(row.accuracy_in_8_bits),) if saved else ()),
            "" if row.hrs is None else percent(row.hrs),
            f"{row.forwards_per_image + row.backwards_per_image:,.0f}",
            f"{row.seconds:,.1f}",
        )
        for row in summary.under_attack
    ]
    for name, means in (
        (TOGETHER, summary.worst_case),
        ("mean over the attacks", summary.average_over_attacks),
    ):
        for size, mean in means.items():
            interval = "" if mean.wilson95 is None else _interval(mean.wilson95)
            rows.append(
                (name, size, f"{mean.images:,}", percent(mean.accuracy), interval, *[""] * (3 + saved))
            )
    note = (
        "With 95% Wilson intervals. HRS is the harmonic mean of clean and robust accuracy on the same "
        "images; passes are forward and backward passes per image."
    )
    if summary.table3 is not None:
        shares = ("clean", "cc", "fgsm", "hrs", "avg")
        values = (f"{key} {100 * summary.table3[key]:.1f}" for key in shares)  # type: ignore[literal-required]
        note += (
            " As in Tables 3 and 5 of the CRoZe paper (CC: mean over all corruptions; FGSM at 8/255; avg: "
            f"mean of the other four), on {summary.table3['images']} images: {', '.join(values)}."
        )
    own = ("8 bits",) if saved else ()
    head = ("attack", "size", "images", "accuracy", "95% interval", *own, "HRS", "passes", "seconds")
    return Table(title, note, head, tuple(rows))


def _interval(bounds: tuple[float, float]) -> str:
    return f"{percent(bounds[0])} to {percent(bounds[1])}"


def corruption_table(metrics: CorruptionMetrics) -> Table:
    """Accuracy under each corruption and severity, each group behind its own, all at last."""
    rows = tuple(
        (name, *("" if v is None else percent(v) for v in (*values, mean)))
        for name, values, mean in _corruption_rows(metrics)
    )
    note = ""
    if metrics.mce is not None:
        note = f"mCE, the mean error over all of them, is {100 * metrics.mce:.1f}."
        if metrics.reference:
            note = (
                f"mCE is {100 * metrics.mce:.1f}: the mean over corruptions of the summed error, divided by "
                f"that of {metrics.reference}."
            )
    return Table("Accuracy under corruptions, by severity", note, ("", *map(str, SEVERITIES), "mean"), rows)


def _corruption_rows(
    metrics: CorruptionMetrics,
) -> Iterator[tuple[str, tuple[float | None, ...], float | None]]:
    found = metrics.accuracies

    def by_severity(members: tuple[str, ...]) -> tuple[float, ...]:
        return tuple(sum(found[name][s] for name in members) / len(members) for s in SEVERITIES)

    for group, members in GROUPS.items():
        for name in members:
            if name in found:
                yield name, tuple(found[name].get(s) for s in SEVERITIES), metrics.by_corruption[name]
        if group in metrics.by_group:
            yield group.upper(), by_severity(members), metrics.by_group[group]
    if metrics.mean is not None:
        yield "ALL (CC)", by_severity(tuple(found)), metrics.mean
