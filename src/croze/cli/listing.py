"""`croze list`: what there is to choose from."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import Json


def listing(
    what: Annotated[
        str | None,
        typer.Argument(
            help="proxies, aggregates, spaces, genotypes, algorithms, recipes, data, perturbations, attacks, "
            "corruptions or truths.",
            show_default="all of them",
        ),
    ] = None,
    json: Json = None,
) -> None:
    """List the available proxies, spaces, algorithms, attacks, corruptions and more."""
    from croze.cli.output import console, emit_json
    from croze.errors import CrozeError
    from croze.listing import KINDS
    from croze.reporting.table import Table

    if what is not None and what not in KINDS:
        raise CrozeError(f"Cannot list {what!r}; expected one of {', '.join(KINDS)}.")
    chosen = {kind: entries() for kind, entries in KINDS.items() if what in (None, kind)}
    out = console(json)
    for kind, entries in chosen.items():
        rows = []
        for entry in entries:
            arguments = ", ".join(f"{k}={v}" for k, v in entry.details.get("arguments", {}).items())
            rows.append((entry.name, f"{entry.summary} [{arguments}]" if arguments else entry.summary))
        out.print(Table(kind, "", ("name", "summary"), tuple(rows), prose=True))
    emit_json(json, {kind: [entry.to_json() for entry in entries] for kind, entries in chosen.items()})
