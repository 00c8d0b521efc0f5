"""Tables 3 and 4: ours, what is printed, the difference, and what each of our values rests on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from croze.files import write_result
from croze.paper.output import Outcome
from croze.paper.printed import PrintedTable
from croze.paper.protocol import Protocol
from croze.paper.protocol_rows import Row, Spread, attack_columns
from croze.provenance import provenance
from croze.reporting.table import Table

VERSION = 1
"""Of the format of `table3.json` and `table4.json`."""

PAPER_SIZE = (20, 36)
"""Cells and channels of the paper's networks."""

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


def tables(
    title: str,
    rows: Sequence[Row],
    columns: Sequence[str],
    paper: PrintedTable | None,
    *,
    paper_size: bool,
    seconds: str = "CPU s",
) -> list[Table]:
    """The comparison, then the searches and the trainings one by one.

    `paper` is None where it is of other data; `paper_size` says whether counts of parameters compare.
    """
    made = [_comparison(title, rows, columns, paper, paper_size, seconds)]
    if any(row.searched for row in rows):
        made.append(_searches(rows, seconds))
    made += [_trainings(rows, columns), _architectures(rows)]
    failures = _failures(rows)
    return made if failures is None else [*made, failures]


def not_run(rows: Sequence[Row], paper: PrintedTable | None) -> list[str]:
    """The printed rows that we have no value of."""
    if paper is None:
        return []
    measured = {row.paper for row in rows if any(run.values for run in row.runs)}
    return [name for name in paper.rows if name not in measured]


def spread_text(found: Spread | None) -> str:
    """A share in percent with its deviation; empty without."""
    if found is None:
        return ""
    return _with_deviation(100 * found.mean, None if found.deviation is None else 100 * found.deviation)


def _comparison(
    title: str,
    rows: Sequence[Row],
    columns: Sequence[str],
    paper: PrintedTable | None,
    paper_size: bool,
    seconds: str,
) -> Table:
    costs = paper is None or "params_M" in paper.columns
    head = ("row", "", *(("params, M", "search, s") if costs else ()), *(HEADINGS[f] for f in columns), "n")
    lines: list[tuple[str, ...]] = []
    for name in paper.rows if paper is not None else ():
        own = [row for row in rows if row.paper == name]
        lines += [(name, f"ours, `{row.name}`", *_own(row, columns, costs, seconds)) for row in own]
        if not own:
            lines.append((name, "ours", *[""] * (len(head) - 2)))
        assert paper is not None
        lines.append(("", "printed", *_printed(paper, name, columns, costs), ""))
        for row in own:
            label = "difference" if len(own) == 1 else f"difference, `{row.name}`"
            lines.append(("", label, *_difference(paper, row, columns, costs, paper_size), ""))
    lines += [
        (f"`{row.name}`", "ours", *_own(row, columns, costs, seconds))
        for row in rows
        if paper is None or not row.paper
    ]
    return Table(title, "", head, tuple(lines))


def _own(row: Row, columns: Sequence[str], costs: bool, seconds: str) -> list[str]:
    texts = []
    if costs:
        size, spent = row.params, row.search_seconds
        texts.append("" if size is None else f"{size.mean / 1e6:.{2 if size.mean >= 1e6 else 3}f}")
        texts.append("" if spent is None else f"{spent.mean:,.0f} {seconds}")
    texts += [spread_text(row.value(name)) for name in columns]
    count = sum(1 for run in row.runs if run.values)
    return [*texts, f"{count}"]


def _printed(paper: PrintedTable, name: str, columns: Sequence[str], costs: bool) -> list[str]:
    texts = []
    if costs:
        size, spent = paper.value(name, "params_M"), paper.value(name, "search_gpu_s")
        texts.append("" if size is None else f"{size:.2f}")
        texts.append("" if spent is None else f"{spent:,.0f} GPU s")
    for column in columns:
        value, corrected = paper.value(name, column), paper.erratum(name, column)
        text = "" if value is None else _with_deviation(value, paper.value(name, f"{column}_std"))
        texts.append(f"{text} (its row: {corrected:.2f})" if corrected is not None else text)
    return texts


def _difference(
    paper: PrintedTable, row: Row, columns: Sequence[str], costs: bool, paper_size: bool
) -> list[str]:
    texts = []
    if costs:
        size, printed_size = row.params, paper.value(row.paper, "params_M")
        comparable = paper_size and size is not None and printed_size is not None
        texts.append(_signed(size.mean / 1e6 - printed_size) if comparable else "")  # type: ignore[union-attr, operator]
        texts.append("")  # seconds of other machines
    for column in columns:
        own, printed = row.value(column), paper.meant(row.paper, column)
        texts.append("" if own is None or printed is None else _signed(100 * own.mean - printed))
    return texts


def _searches(rows: Sequence[Row], seconds: str) -> Table:
    lines = []
    for row in rows:
        for run in row.runs:
            one = run.search
            if one is None:
                continue
            failed = sum(one.reasons.values())
            lines.append(
                (
                    f"`{row.name}`",
                    f"{run.seed}",
                    f"{len(one.candidates):,}",
                    f"{failed:,}",
                    f"{one.device_seconds:,.1f}",
                    "-" if one.best is None else f"{one.best.score:.6g}",
                    "-" if run.params is None else f"{run.params:,}",
                    "-" if run.live_params is None else f"{run.live_params:,}",
                    one.ended or (f"the first failure: {next(iter(one.reasons))}" if failed else ""),
                )
            )
    head = ("searched by", "seed", "scored", "failed", f"{seconds} of scoring", "best score")
    return Table("Searches", "", (*head, "params", "live params", "remark"), tuple(lines))


def _trainings(rows: Sequence[Row], columns: Sequence[str]) -> Table:
    lines = []
    for row in rows:
        for run in row.runs:
            texts = [f"{100 * run.values[f]:.2f}" if f in run.values else "" for f in columns]
            lines.append((f"`{row.name}`", f"{run.seed}", *texts, f"{run.training.get('epoch', '')}"))
    head = ("row", "seed", *(HEADINGS[name] for name in columns), "epoch kept")
    return Table("Trainings", "", head, tuple(lines))


def _architectures(rows: Sequence[Row]) -> Table:
    by_name: dict[str, list[str]] = {}
    for row in rows:
        for run in row.runs:
            seed = f"{row.name}, seed {run.seed}" if row.searched else row.name
            if run.architecture and seed not in by_name.setdefault(run.architecture, []):
                by_name[run.architecture].append(seed)
    lines = tuple((f"`{name}`", "; ".join(who)) for name, who in by_name.items())
    return Table("Architectures", "", ("architecture", "row"), lines, prose=True)


def _failures(rows: Sequence[Row]) -> Table | None:
    lines = [(f"`{row.name}`", f"{run.seed}", run.failed) for row in rows for run in row.runs if run.failed]
    note = "These have no values and enter no mean."
    return Table("Failures", note, ("row", "seed", "reason"), tuple(lines), prose=True) if lines else None


def _with_deviation(mean: float, deviation: float | None) -> str:
    return f"{mean:.2f}" if deviation is None else f"{mean:.2f} ± {deviation:.2f}"


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"  # never -0.00


_STANDARD = (
    "CC is the mean accuracy over 15 corruptions and five severities. FGSM has epsilon 8/255 (the paper "
    "does not state its epsilon). HRS is the harmonic mean of clean and FGSM for each network, then "
    "averaged."
)
_ADVERSARIAL = (
    "Attacks are in l-inf with epsilon 8/255; PGD takes 20 steps of 2/255 unless the command states "
    "otherwise. Avg. is over the five attacks, without clean. The paper's released code runs CW in l2, "
    "one iteration of SPSA, and LGV at 4/255; if the printed values rest on it, these three columns are "
    "not comparable."
)


def notes(rows: Sequence[Row], paper: PrintedTable | None, size: str, *, adversarial: bool) -> list[str]:
    """How to read the tables, a line each; `size` is that of our run, in words."""
    lines = [
        "Accuracies are in percent: mean and sample standard deviation over n repetitions; a single "
        "repetition has no deviation. Each repetition searches, trains and evaluates with its own seed, "
        "so a genotype found by two searches is trained once for each; within a repetition equal "
        "genotypes share one training.",
        _ADVERSARIAL if adversarial else _STANDARD,
        "Search time is the sum of the wall-clock times of all scores of a search, each measured when it "
        "was computed in its one-threaded worker, also before an interruption; other load on the machine "
        "increases it. The paper's times are of one RTX 3090, so no difference is given. Published "
        "genotypes were not searched here and have no search time of ours.",
    ]
    if paper is not None:
        lines.append(
            "Printed values are of 5,000 candidates per search, 20 cells, 36 channels and 200 epochs on "
            f"all images. Ours: {size}. At another size, a difference means little."
        )
        missing = not_run(rows, paper)
        if missing:
            lines.append(f"Not run, and therefore without values of ours: {', '.join(missing)}.")
        if "params_M" in paper.columns:
            lines.append(
                "The printed CRoZe genotype has dead nodes: it is from the space that the released code "
                "samples (`darts-released`); of its 5.52M parameters 2.89M are live."
            )
        if paper.errata:
            lines.append(
                "If a printed average contradicts its row, the value computed from the row is in "
                "brackets, and the difference refers to it."
            )
    own = [row.name for row in rows if row.name in OWN]
    if own:
        lines.append(
            f"{' and '.join(own)} {'is' if len(own) == 1 else 'are'} this project's own, chosen on the "
            "choose half of the NAS-Bench-201 cells; there is no printed row to compare."
        )
    return lines


def publish(run: Protocol, rows: list[Row], terminal: Console, json: str | None, page: Path | None) -> None:
    """The tables on the terminal, `table3.json` or `table4.json` in the folder, and the files asked for."""
    paper, space = run.paper, run.opened
    missing = not_run(rows, paper)
    remarks = [f"Not run: {', '.join(missing)}."] if missing else []
    if paper is None:
        remarks.append("Name the data set with --dataset to add the printed values.")
    counts = sorted({count for row in rows for one in row.runs for count in one.images})
    images = " to ".join(f"{n:,}" for n in dict.fromkeys((counts[0], counts[-1]))) if counts else ""
    basis = [
        f"searches: {run.searches} per method, warm-up and moves in {space!r}, {run.effort.candidates:,} "
        f"candidates each, {run.effort.pool:,} of them in the warm-up; scored untrained on "
        f"{run.score_batch} images of {run.data}; seeds {', '.join(map(str, run.seeds))}",
        f"training: {run.recipe.method}, {run.recipe.epochs} epochs on {run.images or 'all'} images of "
        f"{run.data}, {run.recipe.validation:.0%} of them to select the epoch",
        f"evaluation: {images} images of {run.test_data or 'the same, set aside'}"
        if counts
        else "evaluation: none",
        f"attacks, epsilon in 1/255: {', '.join(attack_columns(run.plan).values())}",
    ]
    adversarial = run.table == "table4"
    training = "Table 4, adversarial training" if adversarial else "Table 3, standard training"
    result = {
        "table": run.table,
        "dataset": run.dataset,
        "device": run.kind,
        "seeds": list(run.seeds),
        "effort": vars(run.effort),
        "rows": [row.to_json() for row in rows],
        "not_run": missing,
    }
    path = run.folder / f"{run.table}.json"
    write_result(path, run.table, VERSION, {**result, "basis": basis, "provenance": provenance()})
    size = (getattr(space, "layers", None), getattr(space, "channels", None))
    Outcome(
        title=f"Search, training and evaluation: Table {run.table[-1]}",
        about="Genotypes found by warm-up and moves, and published genotypes, trained and evaluated: "
        f"{training}.",
        result=result,
        basis=basis,
        tables=tables(
            "Comparison with the paper" if paper else "Ours",
            rows,
            run.columns,
            paper,
            paper_size=size == PAPER_SIZE,
            seconds="CPU s" if run.kind == "cpu" else f"{run.kind} s",
        ),
        notes=notes(rows, paper, "; ".join(basis[:3]), adversarial=adversarial),
        remarks=remarks,
    ).publish(terminal, json, page=page)
    terminal.print(f"Written: {path}")
