"""What Tables 3 and 4 come to: tables on the terminal, JSON for Figure 2, a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from croze.cli.output import emit_json
from croze.files import to_json, write_text
from croze.paper.printed import PrintedTable
from croze.paper.protocol import Row, Searched, attack_columns
from croze.paper.protocol_notes import protocol_notes
from croze.paper.protocol_sheets import not_run, protocol_sheets
from croze.provenance import provenance
from croze.reporting.page import Page
from croze.spaces import Space

if TYPE_CHECKING:
    from croze.paper.commands.protocol_run import ProtocolRun

PAPER_SIZE = (20, 36)
"""Cells and channels of the paper's networks."""


def report(
    run: ProtocolRun,
    folder: Path,
    space: Space[Any],
    rows: list[Row],
    searched: dict[str, list[Searched]],
    paper: PrintedTable | None,
    kind: str,
    terminal: Console,
) -> None:
    """The tables on the terminal, `table3.json` or `table4.json` in the folder, and a page if asked for.

    Args:
        run: what was asked for.
        folder: of the run.
        space: that was searched.
        rows: of the table.
        searched: the searches of each method, by its spec.
        paper: the printed table; None where it is of other data.
        kind: of device that searched.
        terminal: where tables go.

    Raises:
        CrozeError: when a file cannot be written.
    """
    adversarial = run.table == "table4"
    size = (getattr(space, "layers", None), getattr(space, "channels", None))
    tables = protocol_sheets(
        "Ours beside the paper's" if paper else "Ours",
        rows,
        run.figures,
        paper,
        paper_size=size == PAPER_SIZE,
        seconds="CPU s" if kind == "cpu" else f"{kind} s",
    )
    for sheet in tables:
        terminal.print(sheet)
    missing = not_run(rows, paper)
    if missing:
        terminal.print(f"Not run: {', '.join(missing)}.")
    if paper is None:
        terminal.print("Name the data set with --dataset to see the printed figures beside ours.")
    computed = sum(one.computed for own in searched.values() for one in own)
    wall = sum(one.wall_seconds for own in searched.values() for one in own)
    made = provenance()
    counts = sorted({count for row in rows for one in row.runs for count in one.images})
    basis = [
        f"searches: {run.searches} for each method, warm-up and moves in {space!r}, "
        f"{run.effort.candidates:,} candidates each, {run.effort.pool:,} of them of the warm-up; "
        f"scored untrained on {run.score_batch} images of {run.data}; seeds "
        f"{', '.join(map(str, run.seeds))}",
        f"training: {run.recipe.method}, {run.recipe.epochs} epochs on {run.images or 'all'} images "
        f"of {run.data}, {run.recipe.validation:.0%} of them to choose the epoch",
        f"evaluation: {' to '.join(f'{n:,}' for n in dict.fromkeys((counts[0], counts[-1])))} images of "
        f"{run.test_data or 'the same, set aside'}"
        if counts
        else "evaluation: none",
        f"attacks, epsilon in 1/255: {', '.join(attack_columns(run.plan).values())}",
        f"this call computed {computed:,} scores; its searches took {wall:,.0f} s of wall clock",
        ", ".join(f"{name} {version}" for name, version in made["versions"].items()),
    ]
    result = {
        "table": run.table,
        "dataset": run.dataset,
        "device": kind,
        "seeds": list(run.seeds),
        "effort": vars(run.effort),
        "rows": [row.to_json() for row in rows],
        "not_run": missing,
    }
    write_text(folder / f"{run.table}.json", to_json({**result, "basis": basis, "provenance": made}))
    emit_json(run.json, {**result, "basis": basis, "provenance": made})
    if run.page is not None:
        about = (
            "Cells found by warm-up and moves, and published ones, trained and evaluated: "
            f"{'Table 4, adversarial training' if adversarial else 'Table 3, standard training'}."
        )
        notes = protocol_notes(rows, paper, f"{basis[0]}; {basis[1]}; {basis[2]}", adversarial=adversarial)
        title = f"The whole protocol: Table {run.table[-1]}"
        described = Page(title, about, made["command"], basis, notes, tables)
        write_text(run.page, described.markdown())
        terminal.print(f"Written: {run.page}")
    terminal.print(f"Written: {folder / f'{run.table}.json'}")
