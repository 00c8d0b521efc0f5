"""The two halves of a benchmark: what is tuned is tuned on `choose`, what is published comes from `report`.

Cells are split by isomorphism class, so that no architecture is on both sides under another name: the half
of a class is the SHA-256 of its name, as a number, modulo 2. The name is the lexicographically smallest
string of the class in all of NAS-Bench-201, and the canonical string in other spaces: a file that holds only
some strings of a class puts them into the same half as any other file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from croze.truth.truth import Truth

HALVES: Mapping[str, int] = {"choose": 0, "report": 1}


def half_of(name: str) -> int:
    """The half, 0 or 1, of the class of this name."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2


def class_name(truth: Truth, index: int) -> str:
    """The string that stands for the class of the architecture at `index` and decides its half."""
    if truth.names is not None:
        return truth.names[index]
    members = np.flatnonzero(truth.twin == truth.twin[index])
    return min(truth.architectures[i] for i in members)


def halves(truth: Truth) -> NDArray[np.int64]:
    """The half of every architecture, 0 (`choose`) or 1 (`report`), shape `(n,)`; twins share theirs."""
    names: dict[int, str] = {}
    twins = truth.twin.tolist()
    for name, twin in zip(truth.names or truth.architectures, twins, strict=True):
        names[twin] = min(name, names.get(twin, name))
    of_class = {twin: half_of(name) for twin, name in names.items()}
    return np.array([of_class[twin] for twin in twins], dtype=np.int64)
