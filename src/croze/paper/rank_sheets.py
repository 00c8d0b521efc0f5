"""Tables 1 and 2 as sheets: beside the paper, then all proxies on every view of the cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from croze.paper.printed import AVERAGE
from croze.paper.rank_table import Beside, RankTable, View
from croze.ranking import Standing
from croze.ranking.proxy_page import figure_text
from croze.reporting.table import Table
from croze.reporting.text import rho_text

HEADINGS = {
    "clean": "clean",
    "fgsm": "FGSM",
    "pgd": "PGD",
    "hrs_fgsm": "HRS of FGSM",
    "hrs_pgd": "HRS of PGD",
    "cw": "CW",
    "deepfool": "DeepFool",
    "spsa": "SPSA",
    "lgv": "LGV",
    "autoattack": "AutoAttack",
    "fgsm8": "FGSM-8",
    "fgsm4": "FGSM-4",
    "weather": "Weather",
    "noise": "Noise",
    "blur": "Blur",
    "digital": "Digital",
}

KINDS = {"all": "All drawn strings", "distinct": "Distinct cells"}

SIDES = {"both": "both halves", "report": "report half", "choose": "choose half"}

OWN = "†"
"""What stands behind a criterion of this project."""

OTHERS = "°"
"""What stands behind a figure that rests on other cells than those of the other rows."""


WIDER = " Isomorphic strings are drawn as cells of their own, so those for all strings are too narrow."


def sheets(found: RankTable, remarks: Sequence[tuple[str, str]] = ()) -> list[Table]:
    """All tables in order; those with nothing to show are left out.

    Args:
        remarks: what else of the print is not regenerated, and why.
    """
    fine = [view for view in found.views if view.cells == "distinct" and view.half.name != "both"]
    tables = [
        _beside(found),
        *(_view(found, view) for view in found.views),
        _averages(found),
        *(_intervals(found, view) for view in fine),
    ]
    if found.given_size:
        tables += [_averages_given_size(found), *(_given_size(found, view) for view in fine)]
    tables += [_failures(found), _empty(found, remarks)]
    return [table for table in tables if table.rows]


def notes(found: RankTable) -> list[str]:
    """How to read the tables, a line each."""
    half = found.views[0].half
    lines = [
        "A figure is Spearman's rho of the score with the measured accuracy, turned so that the better end "
        "of the proxy counts as high; `-` where there is none, because the score is the same for all cells "
        "or succeeded on fewer than three.",
    ]
    several = any(view.cells == "all" for view in found.views)
    if several:
        lines.append(
            "*All drawn strings* count isomorphic cells as often as they have strings, as the paper does. "
            "*Distinct cells* are those of the drawn strings that represent their isomorphism class in the "
            "benchmark; as the strings are drawn at random, so are these classes."
        )
    if found.layout.comparable:
        lines.append(
            "Beside the paper every proxy stands on all n cells where it succeeded, as the paper has it. "
            "Brackets hold what is printed and our difference to it. Where the printed average is not the "
            "mean of its row, an erratum, the brackets say what the row gives, and the difference is to "
            "that. "
            "*Lost* is what the print does not show. The paper's CRoZe is the released code's "
            "(`croze-official`); `croze-paper` is Eq. 3-10 as written, another proxy, beside the same row."
        )
    if found.layout.name.startswith("table2"):
        lines.append(
            "A corruption's figure is the mean of rho over its five severities, a group's the mean over its "
            f"corruptions; the groups are those of the {found.layout.table.convention} convention."
        )
    else:
        lines.append(
            "HRS is the harmonic mean of a cell's clean accuracy and that under the attack; rho is with it. "
            "AutoAttack has one size in NAS-RobBench-201, 8/255, whatever the size of the others."
        )
        lines.append(
            "The printed figures are of other networks: other cells, which the authors trained with a recipe "
            "of their own and attacked at a size that is not printed. A difference to them is one of the "
            "truths as much as of the scores; sizes, which everybody computes alike, show how much."
        )
    lines.append(_average_note(found))
    lines += [
        "In all other tables the rows above the line rest on the same cells, those on which every proxy that "
        "fails on fewer than 5% of all drawn cells succeeded. A proxy that fails more often stands below "
        "the line on the cells where it succeeded; its figures do not compare to the last digit. *Failed* "
        "is of the drawn cells. All tables have one order: by the average on the first report half.",
        "An aggregate ranks the cells of the view among each other, and keeps these ranks in the bootstrap.",
        f"Intervals: {half.level:.0%} bootstrap, {half.resamples:,} resamples of the cells, seed {half.seed}."
        + (WIDER if several else ""),
    ]
    if found.given_size:
        lines.append(
            "*Given live parameters*: the partial rho with the number of parameters that a gradient reaches "
            "held fixed, what is left when size is known; `-` for a score that orders the cells as this "
            "number does."
        )
    if found.own:
        lines.append(
            f"{OWN} marks what this project made up ({', '.join(f'`{spec}`' for spec in found.own)}). It was "
            "chosen on the choose half of the cells, split by isomorphism class: quote the report half."
        )
    return lines


def _average_note(found: RankTable) -> str:
    if found.complete:
        return f"*{_average(found)}* is the mean over all columns, as in the paper."
    lost = ", ".join(HEADINGS[name] for name in found.layout.empty)
    return (
        f"*{_average(found)}* is the mean over the columns that are filled, and the printed figure beside it "
        f"the same mean of the printed row. It is not the paper's Avg., which is over every column, {lost} "
        "among them, and cannot be formed here."
    )


def _average(found: RankTable) -> str:
    return "Avg." if found.complete else f"Mean of {len(found.layout.filled)}"


def _beside(found: RankTable) -> Table:
    paper = found.beside_paper()
    rows = []
    for row in paper:
        # the print counts all strings, so it does not stand beside the distinct ones among them
        like_print = row.cells == paper[0].cells
        figures = []
        for name in (*found.layout.columns, AVERAGE):
            one, empty = row.figures[name], name in found.layout.empty
            if like_print:
                figures.append(_empty_text(one) if empty else beside_text(one))
            else:
                figures.append("" if empty else rho_text(one.ours))
        rows.append((row.row, f"`{row.criterion}`", KINDS[row.cells].lower(), *figures, f"{row.n:,}"))
    head = (
        "paper",
        "proxy",
        "cells",
        *(HEADINGS[name] for name in found.layout.columns),
        _average(found),
        "n",
    )
    note = f"Ours (printed, difference). The print is of {found.layout.printed.note}."
    if found.layout.empty:
        note += " Brackets alone: printed, nothing of ours."
    return Table("Beside the paper", note, head, tuple(rows))


def beside_text(one: Beside) -> str:
    """Our figure, in brackets what is printed, at an erratum what its row gives, and the difference."""
    if one.printed is None:
        return f"{rho_text(one.ours)} (lost)"
    meant = "" if one.meant is None or one.meant == one.printed else f"row gives {rho_text(one.meant)}, "
    return f"{rho_text(one.ours)} ({rho_text(one.printed)}, {meant}{difference_text(one.difference)})"


def difference_text(value: float) -> str:
    """A difference of correlations with its sign; `-` where there is none."""
    if math.isnan(value):
        return "-"
    text = rho_text(value)
    return f"±{text}" if text == ".000" else text if value < 0 else f"+{text}"


def _empty_text(one: Beside) -> str:
    return "(lost)" if one.printed is None else f"({rho_text(one.printed)})"


def _view(found: RankTable, view: View) -> Table:
    def cells(standing: Standing) -> list[str]:
        return [rho_text(standing.figure(name).rho) for name in found.layout.filled] + [
            rho_text(standing.mean.rho)
        ]

    return _of_columns(found, view, f"{_place(view)}: rho", cells)


def _intervals(found: RankTable, view: View) -> Table:
    def cells(standing: Standing) -> list[str]:
        return [figure_text(standing.figure(name)) for name in found.layout.filled] + [
            figure_text(standing.mean)
        ]

    return _of_columns(found, view, f"{_place(view)}: intervals", cells)


def _given_size(found: RankTable, view: View) -> Table:
    def cells(standing: Standing) -> list[str]:
        return [rho_text(standing.figure(name).partial) for name in found.layout.filled] + [
            rho_text(standing.mean.partial)
        ]

    return _of_columns(found, view, f"{_place(view)}: rho given live parameters", cells)


def _of_columns(
    found: RankTable, view: View, title: str, cells: Callable[[Standing], Sequence[str]]
) -> Table:
    """A row a criterion: its figures in every filled column and their average, n and failures."""
    half = view.half
    head = ("proxy", *(HEADINGS[name] for name in found.layout.filled), _average(found), "n", "failed")
    ordered = [standing for spec in found.criteria if (standing := half.standing(spec)) is not None]
    above, below = (
        [
            (_marked(found, s.criterion), *cells(s), f"{s.n:,}", f"{s.failures:,}")
            for s in ordered
            if is_above(s)
        ]
        for is_above in (lambda s: s.common, lambda s: not s.common)
    )
    line = [("*below: each on its own cells*", *[""] * (len(head) - 1))] if below else []
    note = f"{half.cells:,} of {half.chosen:,} cells." if above else f"Drawn: {half.chosen:,} cells."
    return Table(title, note, head, (*above, *line, *below))


def _averages(found: RankTable) -> Table:
    return _by_view(found, f"{_average(found)}: with intervals", lambda standing: figure_text(standing.mean))


def _averages_given_size(found: RankTable) -> Table:
    title = f"{_average(found)}: given live parameters"
    return _by_view(found, title, lambda standing: rho_text(standing.mean.partial))


def _by_view(found: RankTable, title: str, text: Callable[[Standing], str]) -> Table:
    """A row a criterion, a column a view."""
    rows = []
    for spec in found.criteria:
        standings = [view.half.standing(spec) for view in found.views]
        texts = [text(s) + ("" if s.common else OTHERS) for s in standings if s is not None]
        rows.append((_marked(found, spec), *texts))
    counts = ", ".join(f"{_place(view).lower()} {view.half.cells:,}" for view in found.views)
    note = f"Cells: {counts}; {OTHERS} on its own cells."
    return Table(title, note, ("proxy", *(_place(view) for view in found.views)), tuple(rows))


def _failures(found: RankTable) -> Table:
    half = found.views[0].half
    rows = tuple(
        (f"`{s.criterion}`", f"{s.failures:,} of {half.chosen:,}", s.reason)
        for spec in found.criteria
        if (s := half.standing(spec)) is not None and s.failures
    )
    note = "A cell on which a proxy fails is never ranked by it."
    return Table("Failures", note, ("proxy", "cells", "the first because"), rows, prose=True)


def _empty(found: RankTable, remarks: Sequence[tuple[str, str]]) -> Table:
    rows = [(HEADINGS[name], reason) for name, reason in found.layout.empty.items()]
    if found.layout.empty:
        rows.append(("Avg.", f"over every column in print; *{_average(found)}* stands in its place"))
    rows += remarks
    return Table("Not regenerated", "", ("what", "why"), tuple(rows), prose=True)


def _place(view: View) -> str:
    return f"{KINDS[view.cells]}, {SIDES[view.half.name]}"


def _marked(found: RankTable, spec: str) -> str:
    return f"`{spec}` {OWN}" if spec in found.own else f"`{spec}`"
