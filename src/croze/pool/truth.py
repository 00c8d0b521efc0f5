"""A pool that `croze pool train` trained and evaluated, as a truth of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.names import CORRUPTIONS, SEVERITIES
from croze.errors import CrozeError
from croze.pool import POOL, RESULT, Pool, read_pool
from croze.truth.columns import MEAN_CORRUPTION
from croze.truth.raw import Reader
from croze.truth.truth import Provenance, Truth

NAME = "pool"


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
    names = [
        name
        for name in pool.members[0].result.columns
        if all(name in member.result.columns for member in pool.members)
    ]
    columns = {
        name: np.array([member.result.columns[name] for member in pool.members], dtype=np.float64)
        for name in names
    }
    for name in names:
        counts = {member.result.images[name] for member in pool.members}
        if len(counts) > 1:
            numbers = " and ".join(map(str, sorted(counts)))
            raise CrozeError(
                f"{name} of the pool in {pool.folder} rests on {numbers} images: train the pool "
                "again with one limit for all cells."
            )
    corrupted = [f"{kind}@{severity}" for kind in CORRUPTIONS for severity in SEVERITIES]
    if all(name in columns for name in corrupted):
        columns[MEAN_CORRUPTION] = np.mean([columns[name] for name in corrupted], axis=0)
    return columns


READER = Reader(NAME, read)
