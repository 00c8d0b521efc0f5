"""The DARTS half of Table 5 as data: ours beside what the paper prints."""

from __future__ import annotations

from collections.abc import Sequence

from croze.paper.component_sets import FIGURES
from croze.paper.component_sets_sheets import HEADINGS, figure_text
from croze.paper.printed import printed as printed_table
from croze.paper.trained_sets import TrainedRow
from croze.reporting.table import Table


def trained_sheets(rows: Sequence[TrainedRow], *, printed: bool) -> list[Table]:
    """A table for each form, and who was chosen.

    Args:
        printed: whether the paper's figures stand beside ours, in brackets, with the difference.
    """
    paper = printed_table("table5/darts")
    sheets = []
    for form in dict.fromkeys(row.form for row in rows):
        own = [row for row in rows if row.form == form]
        lines = []
        for row in own:
            figures = row.figures
            texts = (
                ["failed"] * len(FIGURES)
                if figures is None
                else [
                    figure_text(figures[name], paper.figure(row.components, name) if printed else None)
                    for name in FIGURES
                ]
            )
            lines.append((row.components, *texts))
        sheets.append(
            Table(
                f"{form}: whom each set chooses, trained",
                f"Chosen from {own[0].best.among:,} candidates.",
                ("components", *(HEADINGS[name] for name in FIGURES)),
                tuple(lines),
            )
        )
    who = []
    for name in dict.fromkeys(row.best.architecture for row in rows):
        chosen = ", ".join(f"{row.form} {row.components}" for row in rows if row.best.architecture == name)
        who.append((f"`{name}`", chosen))
    sheets.append(
        Table("The chosen architectures", "", ("architecture", "chosen by"), tuple(who), prose=True)
    )
    return sheets


def trained_notes(*, printed: bool) -> list[str]:
    """How to read the tables, a line each."""
    lines = [
        "F, P and G are the consistencies of features, parameters and gradients; what a set lacks "
        "is the factor 1. All sets choose from the same candidates, drawn at random.",
        "CC is the mean accuracy over 15 corruptions and their five severities, FGSM-8 is FGSM at 8/255, HRS "
        "the harmonic mean of clean and FGSM-8, Avg. the mean of these four.",
    ]
    if printed:
        lines.append(
            "Brackets hold what the paper prints and our difference to it. The paper's networks are found by "
            "a search of 5,000 candidates and moves for each set, have 20 cells and 36 channels, and are "
            "trained for 200 epochs on all images."
        )
    return lines
