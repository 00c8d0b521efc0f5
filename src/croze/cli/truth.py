"""`croze truth`: look things up in published measurements."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import DataSet, Half, Json


def truth(
    truth: Annotated[
        str | None, typer.Option(help="Ground truth, NAME:PATH.", show_default="list the known sources")
    ] = None,
    dataset: DataSet = "cifar10",
    show: Annotated[bool, typer.Option("--list", help="Show every column with its range.")] = False,
    query: Annotated[
        str | None,
        typer.Option(
            metavar="ARCH", help="Show all columns of this architecture, or of one isomorphic to it."
        ),
    ] = None,
    best: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Show the best distinct architectures by this column."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Number of architectures that --best shows.")] = 10,
    half: Half = "both",
    json: Json = None,
) -> None:
    """Look up measured accuracies: the columns of a benchmark, one architecture, the best ones.

    Raw files are converted once into a compact table in the cache ($CROZE_CACHE, else ~/.cache/croze).
    """
    from dataclasses import asdict
    from typing import Any

    from croze.cli.output import console, emit_json
    from croze.cli.progress import opened_truth
    from croze.errors import CrozeError
    from croze.truth.catalogue import CATALOGUE
    from croze.truth.lookup import best as best_by
    from croze.truth.lookup import (
        best_table,
        column_table,
        entry,
        entry_lines,
        entry_table,
        source_table,
        summaries,
        truth_json,
        truth_lines,
    )
    from croze.truth.sources import content_notes

    out = console(json)
    if truth is None:
        if query is not None or best is not None:
            raise CrozeError("--query and --best need --truth NAME:PATH.")
        out.print(source_table())
        out.print("Details of a source: croze data get NAME --dry-run")
        emit_json(json, {"sources": [asdict(source) for source in CATALOGUE.values()]})
        return
    known = opened_truth(truth, dataset, out)
    notes = content_notes(known)
    found = entry(known, query) if query is not None else None
    ranked = best_by(known, best, top, half) if best is not None else None
    columns = summaries(known) if show or (found is None and ranked is None) else None

    result: dict[str, Any] = {"truth": truth_json(known, notes)}
    for line in truth_lines(known, notes):
        out.print(line, soft_wrap=True)
    if found is not None:
        out.print()
        for line in entry_lines(found):
            out.print(line, soft_wrap=True)
        out.print(entry_table(found))
        result["query"] = found.to_json()
    if best is not None and ranked is not None:
        out.print(f"\nbest by {best}, half: {half}")
        out.print(best_table(best, ranked))
        result["best"] = {"column": best, "half": half, "ranking": [asdict(one) for one in ranked]}
    if columns is not None:
        out.print()
        out.print(column_table(columns))
        result["columns"] = [asdict(column) for column in columns]
    emit_json(json, result)
