"""A pool that `croze pool train` trained and evaluated, as a truth."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from croze.pool import POOL, RESULT, Pool
from croze.truth.raw import Reader
from croze.truth.truth import Provenance, Truth

NAME = "pool"


def read(path: Path, dataset: str) -> Truth:
    """The truth of the members that are done.

    Args:
        path: the pool's folder.
        dataset: what to call the data set; the pool was trained on one.

    Returns:
        A truth with the columns that all members have, see `Pool.columns`.

    Raises:
        CrozeError: when it is no pool, or nothing is done yet.
    """
    pool = Pool.load(path)
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
        pool.columns(),
        Provenance(str(path), digests),
        pool.design.space,
        {name: value for name, value in pool.design.settings if isinstance(value, int)},
    )


READER = Reader(NAME, read)
