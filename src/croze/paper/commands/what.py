"""`croze reproduce what`: which data each table and figure needs, and what cannot be made from them."""

from __future__ import annotations

from croze.cli.options import Json


def what(json: Json = None) -> None:
    """Say of each table and figure of the paper which data it needs, and what of it needs GPU weeks."""
    from croze.cli.output import console, emit_json
    from croze.paper.printed.parts import PARTS
    from croze.reporting.table import Table

    rows = tuple((part.name, part.shows, part.needs, part.lacks) for part in PARTS)
    head = ("name", "shows", "made with", "not made with it")
    sheet = Table("Tables and figures of the paper", "", head, rows, prose=True)
    console(json).print(sheet)
    emit_json(json, [vars(part) for part in PARTS])
