"""Tables 3 and 4 as data: ours, what is printed, the difference, and what each of our figures rests on."""

from __future__ import annotations

from collections.abc import Sequence

from croze.paper.printed import PrintedTable
from croze.paper.protocol import Row, Spread
from croze.reporting.table import Table

HEADINGS = {
    "clean": "clean",
    "cc": "CC",
    "fgsm": "FGSM",
    "hrs": "HRS",
    "pgd": "PGD",
    "cw": "CW",
    "spsa": "SPSA",
    "lgv": "LGV",
    "autoattack": "AA",
    "avg": "Avg.",
}

OWN = ("croze-robust", "croze-positional")
"""Of this project: they stand in no printed table."""


def protocol_sheets(
    title: str,
    rows: Sequence[Row],
    figures: Sequence[str],
    paper: PrintedTable | None,
    *,
    paper_size: bool,
    seconds: str = "CPU s",
) -> list[Table]:
    """The comparison, then the searches and the trainings one by one.

    Args:
        title: of the comparison.
        rows: ours, in order.
        figures: names of the columns.
        paper: the printed table; None where it is of other data.
        paper_size: whether our networks have the printed size, so that counts of parameters compare.
        seconds: of what our searches are measured.
    """
    tables = [_comparison(title, rows, figures, paper, paper_size, seconds)]
    if any(row.searched for row in rows):
        tables.append(_searches(rows, seconds))
    tables += [_trainings(rows, figures), _architectures(rows)]
    failures = _failures(rows)
    return tables if failures is None else [*tables, failures]


def not_run(rows: Sequence[Row], paper: PrintedTable | None) -> list[str]:
    """The printed rows that we have no figure of."""
    if paper is None:
        return []
    measured = {row.paper for row in rows if any(run.figures for run in row.runs)}
    return [name for name in paper.rows if name not in measured]


def spread_text(found: Spread | None) -> str:
    """A share in percent with its deviation; empty without."""
    if found is None:
        return ""
    return _with_deviation(100 * found.mean, None if found.deviation is None else 100 * found.deviation)


def _comparison(
    title: str,
    rows: Sequence[Row],
    figures: Sequence[str],
    paper: PrintedTable | None,
    paper_size: bool,
    seconds: str,
) -> Table:
    costs = paper is None or "params_M" in paper.columns
    head = ("row", "", *(("params, M", "search, s") if costs else ()), *(HEADINGS[f] for f in figures), "n")
    lines: list[tuple[str, ...]] = []
    for name in paper.rows if paper is not None else ():
        own = [row for row in rows if row.paper == name]
        lines += [(name, f"ours, `{row.name}`", *_own(row, figures, costs, seconds)) for row in own]
        if not own:
            lines.append((name, "ours", *[""] * (len(head) - 2)))
        assert paper is not None
        lines.append(("", "printed", *_printed(paper, name, figures, costs), ""))
        for row in own:
            label = "difference" if len(own) == 1 else f"difference, `{row.name}`"
            lines.append(("", label, *_difference(paper, row, figures, costs, paper_size), ""))
    lines += [
        (f"`{row.name}`", "ours", *_own(row, figures, costs, seconds))
        for row in rows
        if paper is None or not row.paper
    ]
    return Table(title, "", head, tuple(lines))


def _own(row: Row, figures: Sequence[str], costs: bool, seconds: str) -> list[str]:
    texts = []
    if costs:
        size, spent = row.params, row.search_seconds
        texts.append("" if size is None else millions_text(size.mean))
        texts.append("" if spent is None else f"{spent.mean:,.0f} {seconds}")
    texts += [spread_text(row.figure(name)) for name in figures]
    count = sum(1 for run in row.runs if run.figures)
    return [*texts, f"{count}"]


def _printed(paper: PrintedTable, name: str, figures: Sequence[str], costs: bool) -> list[str]:
    texts = []
    if costs:
        size, spent = paper.figure(name, "params_M"), paper.figure(name, "search_gpu_s")
        texts.append("" if size is None else f"{size:.2f}")
        texts.append("" if spent is None else f"{spent:,.0f} GPU s")
    for figure in figures:
        value, slip = paper.figure(name, figure), paper.slip(name, figure)
        text = "" if value is None else _with_deviation(value, paper.figure(name, f"{figure}_std"))
        texts.append(f"{text} (its row: {slip:.2f})" if slip is not None else text)
    return texts


def _difference(
    paper: PrintedTable, row: Row, figures: Sequence[str], costs: bool, paper_size: bool
) -> list[str]:
    texts = []
    if costs:
        size, printed_size = row.params, paper.figure(row.paper, "params_M")
        comparable = paper_size and size is not None and printed_size is not None
        texts.append(_signed(size.mean / 1e6 - printed_size) if comparable else "")  # type: ignore[union-attr, operator]
        texts.append("")  # seconds of other machines
    for figure in figures:
        own, printed = row.figure(figure), paper.meant(row.paper, figure)
        texts.append("" if own is None or printed is None else _signed(100 * own.mean - printed))
    return texts


def _searches(rows: Sequence[Row], seconds: str) -> Table:
    lines = []
    for row in rows:
        for run in row.runs:
            one = run.search
            if one is None:
                continue
            lines.append(
                (
                    f"`{row.name}`",
                    f"{one.seed}",
                    f"{one.candidates:,}",
                    f"{one.failed:,}",
                    f"{one.seconds:,.1f}",
                    "-" if one.score is None else f"{one.score:.6g}",
                    "-" if one.params is None else f"{one.params:,}",
                    "-" if one.live_params is None else f"{one.live_params:,}",
                    one.ended or (f"the first failure: {one.reason}" if one.failed else ""),
                )
            )
    head = ("searched by", "seed", "scored", "failed", f"{seconds} of scoring", "best score")
    return Table("The searches", "", (*head, "params", "live params", "remark"), tuple(lines))


def _trainings(rows: Sequence[Row], figures: Sequence[str]) -> Table:
    lines = []
    for row in rows:
        for run in row.runs:
            texts = [f"{100 * run.figures[f]:.2f}" if f in run.figures else "" for f in figures]
            lines.append((f"`{row.name}`", f"{run.seed}", *texts, f"{run.training.get('epoch', '')}"))
    head = ("row", "seed", *(HEADINGS[name] for name in figures), "epoch kept")
    return Table("The trainings", "", head, tuple(lines))


def _architectures(rows: Sequence[Row]) -> Table:
    by_name: dict[str, list[str]] = {}
    for row in rows:
        for run in row.runs:
            seed = f"{row.name}, seed {run.seed}" if row.searched else row.name
            if run.architecture and seed not in by_name.setdefault(run.architecture, []):
                by_name[run.architecture].append(seed)
    lines = tuple((f"`{name}`", "; ".join(who)) for name, who in by_name.items())
    return Table("The architectures", "", ("architecture", "row"), lines, prose=True)


def _failures(rows: Sequence[Row]) -> Table | None:
    lines = [(f"`{row.name}`", f"{run.seed}", run.failed) for row in rows for run in row.runs if run.failed]
    note = "These have no figures and count in no mean."
    return Table("Failures", note, ("row", "seed", "because"), tuple(lines), prose=True) if lines else None


def millions_text(count: float) -> str:
    """Parameters in millions, with three digits below one."""
    millions = count / 1e6
    return f"{millions:.2f}" if millions >= 1 else f"{millions:.3f}"


def _with_deviation(mean: float, deviation: float | None) -> str:
    return f"{mean:.2f}" if deviation is None else f"{mean:.2f} ± {deviation:.2f}"


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"  # never -0.00
