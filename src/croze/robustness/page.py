"""The tables and the page of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from croze.corruptions.names import GROUPS, SEVERITIES
from croze.reporting.part import Fact, Part, basis_of
from croze.reporting.table import Table
from croze.reporting.text import percent, text_of
from croze.robustness.charts import TOGETHER, evaluation_charts
from croze.robustness.metrics import CorruptionMetrics
from croze.robustness.summary import Summary

if TYPE_CHECKING:
    from croze.robustness.run import EvaluationRun

MOST_CLASSES = 20
"""Whose accuracies fit beside each other."""


def evaluation_part(run: EvaluationRun) -> Part:
    """An evaluation as a part of a report."""
    summary = run.summary
    return Part(
        "evaluation",
        "Evaluation under attacks and corruptions",
        f"A network of {run.recipe.method if run.recipe else 'unknown'} training, on {run.images:,} images "
        f"of {run.data}{', on which it was trained' if run.trained_on_the_same_data else ''}.",
        _facts(summary) if summary else (Fact("trials begun", f"{len(run.begun):,}"),),
        evaluation_charts(summary) if summary else (),
        tables(summary) if summary else (run.table(),),
        _notices(run),
        str(run.network.to_json().get("architecture") or ""),
        basis_of(
            run.provenance,
            ("network", text_of(run.network.to_json())),
            ("training", run.training),
            ("recipe", run.recipe and text_of(run.recipe.to_json())),
            ("data", run.data),
            *((_BASIS.get(key, key.replace("_", " ")), value) for key, value in run.context.items()),
        ),
    )


_BASIS = {"weights": "SHA-256 of the weights", "images": "SHA-256 of the images"}


def _facts(summary: Summary) -> tuple[Fact, ...]:
    clean, *rows = summary.under_attack
    facts = [Fact("clean accuracy", percent(clean.accuracy), f"{clean.images:,} images")]
    # sizes without an average are those of the check for masked gradients
    attacked = [(r.name, r.accuracy) for r in rows if r.size in summary.average_over_attacks]
    attacked += [(f"{TOGETHER} {size}", mean.accuracy) for size, mean in summary.worst_case.items()]
    if attacked:
        name, lowest = min(attacked, key=lambda pair: pair[1])
        facts.append(Fact("under the worst", percent(lowest), name))
    corruptions = summary.corruptions
    if corruptions is not None and corruptions.mean is not None and corruptions.mce is not None:
        facts.append(Fact("under corruptions", percent(corruptions.mean), "mean of all 75"))
        against = f"against {corruptions.reference}" if corruptions.reference else "mean error, %"
        facts.append(Fact("mCE", f"{100 * corruptions.mce:.1f}", against))
    if summary.table3 is not None:
        facts.append(Fact("HRS", percent(summary.table3["hrs"]), "of clean and FGSM 8/255"))
    return tuple(facts)


def _notices(run: EvaluationRun) -> tuple[str, ...]:
    if run.summary is None:
        return (
            "This evaluation has not finished: the accuracies are those of the images evaluated so far. "
            "Its command continues from them.",
        )
    return run.warnings


def tables(summary: Summary) -> tuple[Table, ...]:
    """Everything that is measured: under attack, under corruptions, by class."""
    found = [attack_table(summary, "Accuracy under attack")]
    if summary.corruptions is not None:
        found.append(corruption_table(summary.corruptions))
    by_class = class_table(summary)
    return (*found, by_class) if by_class is not None else tuple(found)


def attack_table(summary: Summary, title: str) -> Table:
    """Clean images and attacks, and at each size all attacks together and their mean."""
    rows = [
        (
            row.what,
            row.size,
            f"{row.images:,}",
            percent(row.accuracy),
            f"{percent(row.wilson95[0])} to {percent(row.wilson95[1])}",
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
            rows.append((name, size, f"{mean.images:,}", percent(mean.accuracy), "", "", "", ""))
    note = (
        "With 95% Wilson intervals. HRS is the harmonic mean of clean and robust accuracy on the same "
        f"images; passes are forward and backward passes per image. {table3_sentence(summary.table3)}"
    )
    head = ("attack", "size", "images", "accuracy", "95% interval", "HRS", "passes", "seconds")
    return Table(title, note.strip(), head, tuple(rows))


def table3_sentence(table3: Mapping[str, float] | None) -> str:
    """The metrics of the paper's Tables 3 and 5; empty where they are not known."""
    if table3 is None:
        return ""
    values = ", ".join(f"{name} {100 * value:.1f}" for name, value in table3.items() if name != "images")
    return (
        "As in Tables 3 and 5 of the CRoZe paper (CC: mean over all corruptions; FGSM at 8/255; avg: mean "
        f"of the other four), on {table3['images']} images: {values}."
    )


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


def class_table(summary: Summary) -> Table | None:
    """Accuracy by class; None for more classes than a table holds."""
    classes = len(summary.trials[0].per_class)
    if classes > MOST_CLASSES:
        return None
    rows = tuple(
        (row.name, *("–" if share is None else f"{100 * share:.1f}" for share in row.per_class))
        for row in summary.under_attack
    )
    head = ("", *map(str, range(classes)))
    return Table("Accuracy by class, %", "A dash: no image of the class.", head, rows)
