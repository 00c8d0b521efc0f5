"""Tables 1 and 2 as sheets: beside the paper, then all proxies on every view of the cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from croze.paper.printed import AVERAGE
from croze.paper.rank_table import Beside, RankTable, View
from croze.ranking.columns import MEAN
from croze.ranking.ranking import GIVEN_SIZE, Record
from croze.ranking.sheets import plain_text, value_text
from croze.ranking.statistics import SPEARMAN
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


WIDER = (
    " Isomorphic strings are resampled as separate cells, so the intervals for all strings are too narrow."
)


def sheets(found: RankTable, remarks: Sequence[tuple[str, str]] = ()) -> list[Table]:
    """All tables in order but empty ones; `remarks` are other items not reproduced, and the reasons."""
    fine = [view for view in found.views if view.kind == "distinct" and view.half != "both"]
    tables = [
        _beside(found),
        *(_of_columns(found, view, "rho") for view in found.views),
        _by_view(found, "with intervals", SPEARMAN, value_text),
        *(_of_columns(found, view, "intervals", text=value_text) for view in fine),
    ]
    if found.given_size:
        tables.append(_by_view(found, "given live parameters", GIVEN_SIZE, plain_text))
        tables += [_of_columns(found, view, "rho given live parameters", GIVEN_SIZE) for view in fine]
    tables += [_failures(found), _empty(found, remarks)]
    return [table for table in tables if table.rows]


def notes(found: RankTable) -> list[str]:
    """How to read the tables, a line each."""
    drawn = found.ranking.bootstrap
    lines = [
        "Values are Spearman's rho between score and measured accuracy, oriented so that the better end "
        "of the proxy is high; `-` if undefined, because the score is the same for all cells or succeeded "
        "on fewer than three.",
    ]
    several = any(view.kind == "all" for view in found.views)
    if several:
        lines.append(
            "*All drawn strings* counts isomorphic cells as often as they occur as strings, as in the "
            "paper. *Distinct cells* are those of the drawn strings that represent their isomorphism "
            "class in the benchmark; since strings are drawn at random, so are these classes."
        )
    if found.layout.comparable:
        lines.append(
            "In the comparison with the paper, every proxy is evaluated on all n cells on which it "
            "succeeded, as in the paper. In brackets: the printed value and our difference to it. If the "
            "printed average is not the mean of its row (an erratum), the brackets give the mean of the "
            "row, and the difference refers to it. *Lost* marks values that are missing in print. The "
            "paper's CRoZe is the released code (`croze-official`); `croze-paper` is Eq. 3-10 as written, "
            "another proxy, compared with the same row."
        )
    lines += [*_column_notes(found), _average_note(found)]
    lines += [
        "In all other tables, the rows above the line use the same cells, those on which every proxy that "
        "fails on fewer than 5% of all drawn cells succeeded. Proxies that fail more often are below the "
        "line, on the cells on which they succeeded; their values are not exactly comparable. *Failed* "
        "counts drawn cells. All tables are sorted by the average on the first report half.",
        "An aggregate ranks the cells of a view relative to each other and keeps these ranks in the "
        "bootstrap.",
        f"Intervals: {drawn.level:.0%} bootstrap, {drawn.resamples:,} resamples of the cells, seed "
        f"{drawn.seed}." + (WIDER if several else ""),
    ]
    if found.given_size:
        lines.append(
            "*Given live parameters*: the partial rho with the number of live parameters (those that a "
            "gradient reaches) held fixed; `-` for a score that orders the cells as this number does."
        )
    if found.own:
        lines.append(
            f"{OWN} marks this project's own proxies ({', '.join(f'`{spec}`' for spec in found.own)}). "
            "They were chosen on the choose half of the cells, split by isomorphism class; quote the "
            "values of the report half."
        )
    return lines


def _column_notes(found: RankTable) -> list[str]:
    if found.layout.name.startswith("table2"):
        return [
            "The value of a corruption is the mean of rho over its five severities, that of a group the "
            f"mean over its corruptions; groups follow the {found.layout.table.convention} convention."
        ]
    return [
        "HRS is the harmonic mean of a cell's clean accuracy and its accuracy under the attack; rho "
        "is computed with it. AutoAttack has only epsilon 8/255 in NAS-RobBench-201, whatever the "
        "epsilon of the other attacks.",
        "The printed values are of other networks: other cells, which the authors trained with their "
        "own recipe and attacked with an epsilon that is not printed. Differences to them are due to "
        "the ground truth as well as to the scores; sizes, which are computed identically everywhere, "
        "indicate how much is due to the ground truth.",
    ]


def _average_note(found: RankTable) -> str:
    if found.complete:
        return f"*{_average(found)}* is the mean over all columns, as in the paper."
    lost = ", ".join(HEADINGS[name] for name in found.layout.empty)
    return (
        f"*{_average(found)}* is the mean over the filled columns; the printed value in brackets is the "
        "same mean of the printed row. It is not the paper's Avg., which is over all columns, including "
        f"{lost}, and cannot be computed here."
    )


def _average(found: RankTable) -> str:
    return "Avg." if found.complete else f"Mean of {len(found.layout.filled)}"


def _beside(found: RankTable) -> Table:
    paper = found.beside_paper()
    rows = []
    for row in paper:
        # the paper counts all strings, so printed values are not compared with distinct cells
        like_print = row.cells == paper[0].cells
        texts = []
        for name in (*found.layout.columns, AVERAGE):
            one, empty = row.values[name], name in found.layout.empty
            if like_print:
                texts.append(_empty_text(one) if empty else beside_text(one))
            else:
                texts.append("" if empty else rho_text(one.ours))
        rows.append((row.row, f"`{row.criterion}`", KINDS[row.cells].lower(), *texts, f"{row.n:,}"))
    head = (
        "paper",
        "proxy",
        "cells",
        *(HEADINGS[name] for name in found.layout.columns),
        _average(found),
        "n",
    )
    note = f"Ours (printed, difference). Printed: {found.layout.printed.note}."
    if found.layout.empty:
        note += " Brackets alone: printed, without a value of ours."
    return Table("Comparison with the paper", note, head, tuple(rows))


def beside_text(one: Beside) -> str:
    """Our value, in brackets what is printed, at an erratum what its row gives, and the difference."""
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


def _of_columns(
    found: RankTable,
    view: View,
    what: str,
    statistic: str = SPEARMAN,
    text: Callable[[Record], str] = plain_text,
) -> Table:
    """A row a criterion: its values in every filled column and their average, n and failures."""
    at, entry = found.ranking.at, found.ranking.cells[view.cells]
    head = ("proxy", *(HEADINGS[name] for name in found.layout.filled), _average(found), "n", "failed")

    def row(spec: str) -> tuple[str, ...]:
        lines = [at(spec, name, view.cells, statistic) for name in (*found.layout.filled, MEAN)]
        return (
            _marked(found, spec), *map(text, lines), f"{at(spec, MEAN, view.cells).n:,}",
            f"{entry.failures.get(spec, 0):,}",
        )  # fmt: skip

    above, below = (
        [row(spec) for spec in found.criteria if (spec in entry.common) is shared] for shared in (True, False)
    )
    line = [("*below: each on its own cells*", *[""] * (len(head) - 1))] if below else []
    note = f"{entry.n:,} of {entry.chosen:,} cells." if above else f"Drawn: {entry.chosen:,} cells."
    return Table(f"{_place(view)}: {what}", note, head, (*above, *line, *below))


def _by_view(found: RankTable, what: str, statistic: str, text: Callable[[Record], str]) -> Table:
    """The average of each criterion, a column a view."""
    cells = found.ranking.cells
    rows = [
        (
            _marked(found, spec),
            *(
                text(found.ranking.at(spec, MEAN, view.cells, statistic))
                + ("" if spec in cells[view.cells].common else OTHERS)
                for view in found.views
            ),
        )
        for spec in found.criteria
    ]
    counts = ", ".join(f"{_place(view).lower()} {cells[view.cells].n:,}" for view in found.views)
    note = f"Cells: {counts}; {OTHERS} on its own cells."
    head = ("proxy", *(_place(view) for view in found.views))
    return Table(f"{_average(found)}: {what}", note, head, tuple(rows))


def _failures(found: RankTable) -> Table:
    entry = found.ranking.cells[found.views[0].cells]
    rows = tuple(
        (f"`{spec}`", f"{entry.failures[spec]:,} of {entry.chosen:,}", entry.reasons[spec])
        for spec in found.criteria
        if spec in entry.failures
    )
    note = "Cells on which a proxy fails are not ranked by it."
    return Table("Failures", note, ("proxy", "cells", "first reason"), rows, prose=True)


def _empty(found: RankTable, remarks: Sequence[tuple[str, str]]) -> Table:
    rows = [(HEADINGS[name], reason) for name, reason in found.layout.empty.items()]
    if found.layout.empty:
        rows.append(("Avg.", f"over all columns in the paper; replaced by *{_average(found)}*"))
    rows += remarks
    return Table("Not reproduced", "", ("item", "reason"), tuple(rows), prose=True)


def _place(view: View) -> str:
    return f"{KINDS[view.kind]}, {SIDES[view.half]}"


def _marked(found: RankTable, spec: str) -> str:
    return f"`{spec}` {OWN}" if spec in found.own else f"`{spec}`"
