"""Runs that were begun and wrote no result yet: what their ledgers hold."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.reporting.part import Fact, Part
from croze.reporting.table import Table
from croze.reporting.text import percent


def outcomes_part(path: Path) -> Part:
    """An evaluation that was begun: its outcomes so far."""
    rows = _rows(path, "SELECT context, trial, correct FROM outcomes ORDER BY context, trial, first")
    found: dict[tuple[str, str], list[int]] = {}
    for context, trial, blob in rows:
        entry = found.setdefault((context, trial), [0, 0])
        entry[0] += len(blob)
        entry[1] += sum(blob)
    several = len({context for context, _ in found}) > 1
    lines = tuple(
        (f"{trial} ({context[:8]})" if several else trial, f"{count:,}", percent(good / count))
        for (context, trial), (count, good) in found.items()
        if count
    )
    return Part(
        "evaluation",
        "Evaluation",
        "An evaluation that wrote no result yet.",
        (Fact("trials begun", f"{len(found):,}"),),
        (),
        (Table("Outcomes so far", "", ("trial", "images", "accuracy"), lines),),
        (
            "This evaluation has not finished: the accuracies below are of the images that are done. Its "
            "command "
            "goes on where it was.",
        ),
    )


def _rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as problem:
        raise CrozeError(f"{path} cannot be read ({problem}): name the folder of a run.") from None
