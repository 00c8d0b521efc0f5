"""A pool that `croze pool train` trained and evaluated, as a truth of its own, as a table and as data."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.names import CORRUPTIONS
from croze.errors import CrozeError
from croze.pool import POOL, RESULT, Pool, read_pool
from croze.reporting.table import Table
from croze.truth.columns import mean_corruption
from croze.truth.raw import Reader
from croze.truth.truth import Provenance, Truth

NAME = "pool"

SHOWN = ("clean", "corruptions")
"""Columns that stand in the table besides the attacks; each corruption and severity is in the JSON."""


def read(path: Path, dataset: str) -> Truth:
    """The truth of the members that are done.

    Args:
        path: the pool's folder.
        dataset: what to call the data set; the pool was trained on one.

    Returns:
        A truth with the columns that all members have: `clean`, `fgsm@8` (attack and epsilon in 1/255),
        `fog@3` (corruption and severity), and with all corruptions their mean, `corruptions`.

    Raises:
        CrozeError: when it is no pool, or nothing is done yet.
    """
    pool = read_pool(path)
    columns = read_columns(pool)
    files = [path / POOL, *(member.folder / RESULT for member in pool.members)]
    digests = {
        file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }
    count = len(pool.members)
    return Truth(
        NAME,
        dataset.lower(),
        tuple(member.architecture for member in pool.members),
        np.arange(count, dtype=np.int64),
        columns,
        Provenance(str(path), digests),
        pool.design.space,
        {name: value for name, value in pool.design.settings if isinstance(value, int)},
    )


def read_columns(pool: Pool) -> dict[str, NDArray[np.float64]]:
    """The columns that all members have, in their order, each `(members,)` in [0, 1].

    Raises:
        CrozeError: when a column rests on other images for some members than for others.
    """
    results = [member.result for member in pool.members]
    columns = {
        name: np.array([result.columns[name] for result in results], dtype=np.float64)
        for name in results[0].columns
        if all(name in result.columns for result in results)
    }
    for name in columns:
        counts = {result.images[name] for result in results}
        if len(counts) > 1:
            numbers = " and ".join(map(str, sorted(counts)))
            raise CrozeError(
                f"{name} of the pool in {pool.folder} rests on {numbers} images: train the pool "
                "again with one limit for all cells."
            )
    return columns | mean_corruption(columns)


def pool_table(pool: Pool, sort: str = "clean", top: int = 20) -> Table:
    """The best cells by a column.

    Raises:
        CrozeError: for a column that not every member has.
    """
    columns = read_columns(pool)
    if sort not in columns:
        raise CrozeError(f"The pool has no column {sort!r}; it has {', '.join(columns)}.")
    attacks = [name for name in columns if "@" in name and name.partition("@")[0] not in CORRUPTIONS]
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


READER = Reader(NAME, read)
