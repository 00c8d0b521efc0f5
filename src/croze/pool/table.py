"""A pool as data and as a table."""

from __future__ import annotations

from typing import Any

from croze.corruptions.names import CORRUPTIONS
from croze.errors import CrozeError
from croze.pool import Pool
from croze.pool.truth import read_columns
from croze.reporting.table import Table

SHOWN = ("clean", "corruptions")
"""Columns that stand in the table besides the attacks; each corruption and severity is in the JSON."""


def pool_table(pool: Pool, sort: str = "clean", top: int = 20) -> Table:
    """The best cells by a column.

    Raises:
        CrozeError: for a column that not every member has.
    """
    columns = read_columns(pool)
    if sort not in columns:
        raise CrozeError(f"The pool has no column {sort!r}; it has {', '.join(columns)}.")
    attacks = [name for name in columns if "@" in name and not _is_corruption(name)]
    shown = [name for name in (SHOWN[0], *attacks, SHOWN[1]) if name in columns]
    order = sorted(range(len(pool.members)), key=lambda i: -columns[sort][i])[:top]
    design = pool.design
    missing = len(design.architectures) - len(pool.members) - len(pool.failures)
    notes = [f"{missing} are not done yet."] if missing else []
    if pool.failures:
        notes.append(f"{len(pool.failures)} failed, the first: {next(iter(pool.failures.values()))}")
    return Table(
        f"{len(pool.members)} of {len(design.architectures)} cells of {design.space}, "
        f"{design.recipe['method']} training for {design.recipe['epochs']} epochs",
        " ".join(notes),
        ("cell", *shown),
        tuple((pool.members[i].architecture, *(f"{columns[n][i]:.1%}" for n in shown)) for i in order),
    )


def pool_json(pool: Pool) -> dict[str, Any]:
    """JSON-ready; accuracies are shares."""
    return {
        "space": pool.design.space,
        "settings": dict(pool.design.settings),
        "recipe": dict(pool.design.recipe),
        "seed": pool.design.seed,
        "data": pool.design.data,
        "test_data": pool.design.test_data,
        "planned": len(pool.design.architectures),
        "members": [
            {
                "architecture": member.architecture,
                "columns": dict(member.result.columns),
                "images": dict(member.result.images),
                "training": dict(member.result.training),
            }
            for member in pool.members
        ],
        "failures": pool.failures,
    }


def _is_corruption(name: str) -> bool:
    return name.partition("@")[0] in CORRUPTIONS
