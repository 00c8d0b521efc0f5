"""Runs that were begun and wrote no result yet: what their ledgers hold."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.reporting.part import Fact, Part, basis_of
from croze.reporting.table import Table


def scores_part(path: Path) -> Part:
    """A folder that holds scores, and nothing of a search or benchmark that was finished."""
    contexts = _rows(path, "SELECT context, description FROM contexts ORDER BY context")
    counts = _rows(
        path,
        "SELECT proxy, COUNT(*), SUM(value IS NULL), SUM(seconds) FROM scores GROUP BY proxy ORDER BY proxy",
    )
    architectures = _rows(path, "SELECT COUNT(DISTINCT architecture) FROM scores")[0][0]
    described = json.loads(contexts[0][1]) if len(contexts) == 1 else {}
    seconds = sum(row[3] or 0.0 for row in counts)
    return Part(
        "scores",
        "Scores",
        "The scores of a search or a benchmark that wrote no result here.",
        (
            Fact("architectures", f"{architectures:,}", "with at least one score"),
            Fact("proxies", f"{len(counts):,}"),
            Fact("failed scores", f"{sum(row[2] or 0 for row in counts):,}"),
            Fact("device time", f"{seconds:,.0f} s"),
        ),
        (),
        (
            Table(
                "Scores on file",
                "",
                ("proxy", "architectures", "failed", "seconds"),
                tuple((p, f"{n:,}", f"{bad or 0:,}", f"{s or 0.0:,.1f}") for p, n, bad, s in counts),
            ),
        ),
        (
            "The run that wrote these scores has not finished, or its result lies elsewhere. The same "
            "command goes "
            "on from them and writes the result.",
        ),
        basis=basis_of({}, *((key, described[key]) for key in ("space", "seed", "images", "batch", "engine")
                             if key in described)),
    )  # fmt: skip


def _rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as problem:
        raise CrozeError(f"{path} cannot be read ({problem}): name the folder of a run.") from None
