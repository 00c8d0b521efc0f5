"""The tables of component sets as data: ours, the paper's Table 5, the difference."""

from __future__ import annotations

from croze.paper.component_sets import FIGURES, RANKED, ComponentSets, Interval, Row
from croze.paper.printed import printed as printed_table
from croze.reporting.table import Table
from croze.reporting.text import interval_text

HEADINGS = {"clean": "clean", "cc": "CC", "fgsm": "FGSM-8", "hrs": "HRS", "avg": "Avg."}


def sheets(found: ComponentSets, *, printed: bool) -> list[Table]:
    """For each form its winners and how it ranks, then the cells that were chosen, then what failed.

    Args:
        printed: whether the paper's figures are of the same benchmark and stand beside ours.
    """
    forms = dict.fromkeys(row.form for row in found.rows)
    tables = []
    for form in forms:
        rows = [row for row in found.rows if row.form == form]
        tables += [_winners(found, form, rows, printed=printed), _ranking(form, rows)]
    tables.append(_cells(found))
    return [*tables, _failures(found)] if any(row.failures for row in found.rows) else tables


def notes(found: ComponentSets, *, printed: bool) -> list[str]:
    """How to read the tables, a line each."""
    lines = [
        "F, P and G are the consistencies of features, parameters and gradients; a component that a set "
        "lacks is the factor 1. All sets of a form choose from the cells on which every one succeeded.",
        "Accuracies are those of the one cell that a set ranks first, looked up and in percent. CC is the "
        "mean over 15 corruptions and their five severities, FGSM-8 is FGSM at epsilon 8/255, HRS the "
        "harmonic mean of clean and FGSM-8, Avg. the mean of these four.",
        "*Place* counts all chosen cells by Avg., the best being 1; *behind* is what the best of them has "
        "more, in points.",
        "Ranking: Spearman's rho with measured accuracies over all n cells, and in brackets its 95% "
        f"bootstrap interval ({found.resamples:,} resamples of the cells, seed {found.seed}). One cell says "
        "little of a proxy; these figures say more.",
    ]
    if printed:
        lines.append(
            "Brackets behind an accuracy hold what the paper prints in Table 5 and our difference to it. "
            "The definitions above are those that give its row for the cell of 3x3 convolutions on all "
            "edges, but for Avg.: it prints 53.33 and 54.49 where the mean of its four figures is 63.33 and "
            "64.49, and this mean is what stands here."
        )
    return lines


def _winners(found: ComponentSets, form: str, rows: list[Row], *, printed: bool) -> Table:
    paper = printed_table("table5/nasbench201")
    lines = []
    for row in rows:
        figures = [
            figure_text(row.figures[name], paper.meant(row.components, name) if printed else None)
            for name in FIGURES
        ]
        lines.append((row.components, *figures, f"{row.rank:,}", f"{100 * row.behind:.2f}"))
    best = [figure_text(found.oracle[1][name], None) for name in FIGURES]
    lines.append(("*best by Avg.*", *best, "1", "0.00"))
    head = ("components", *(HEADINGS[name] for name in FIGURES), "place", "behind")
    note = f"Chosen from {rows[0].best.among:,} of {found.chosen:,} cells."
    return Table(f"{form}: whom each set chooses", note, head, tuple(lines))


def _ranking(form: str, rows: list[Row]) -> Table:
    lines = [
        (
            row.components,
            *(_interval(row.rho[name]) for name in RANKED),
            f"{row.n:,}",
            f"{row.failures:,}",
        )
        for row in rows
    ]
    head = ("components", *(f"rho, {HEADINGS[name]}" for name in RANKED), "n", "failed")
    return Table(f"{form}: how each set ranks", "", head, tuple(lines))


def _cells(found: ComponentSets) -> Table:
    lines = []
    for architecture in dict.fromkeys(row.best.architecture for row in found.rows):
        chosen = [row for row in found.rows if row.best.architecture == architecture]
        by_form = dict.fromkeys(row.form for row in chosen)
        who = "; ".join(
            f"{form}: {', '.join(row.components for row in chosen if row.form == form)}" for form in by_form
        )
        shared = max(row.best.sharing for row in chosen)
        lines.append((f"`{architecture}`", who, f"{shared:,}"))
    lines.append((f"`{found.oracle[0]}`", "best by Avg.", ""))
    head = ("cell", "chosen by", "cells that share its score")
    return Table("The chosen cells", "", head, tuple(lines), prose=True)


def _failures(found: ComponentSets) -> Table:
    lines = tuple(
        (f"`{row.proxy}`", f"{row.failures:,} of {found.chosen:,}", row.reason)
        for row in found.rows
        if row.failures
    )
    note = "A cell on which a set fails is never ranked."
    return Table("Failures", note, ("proxy", "cells", "the first because"), lines, prose=True)


def figure_text(share: float, paper: float | None) -> str:
    """An accuracy in percent; in brackets what the paper prints, and our difference to it."""
    text = f"{100 * share:.2f}"
    if paper is None:
        return text
    difference = round(100 * share - paper, 2) + 0.0  # never -0.00
    return f"{text} ({paper:.2f}, {difference:+.2f})"


def _interval(found: Interval) -> str:
    return interval_text(found.rho, found.low, found.high)
