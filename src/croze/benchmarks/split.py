"""The two halves of a benchmark: what is tuned is tuned on `choose`, what is published comes from `report`.

Cells are split by isomorphism class, so that no architecture is on both sides under another name: the half of
a class is the SHA-256 of its lexicographically smallest architecture string, as a number, modulo 2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from croze.benchmarks.truth import Truth

HALVES: Mapping[str, int] = {"choose": 0, "report": 1}


def half_of(smallest: str) -> int:
    """The half, 0 or 1, of the class whose lexicographically smallest string is given."""
    return int(hashlib.sha256(smallest.encode()).hexdigest(), 16) % 2


def smallest_string(truth: Truth, index: int) -> str:
    """The lexicographically smallest architecture string in the class of the architecture at `index`."""
    members = np.flatnonzero(truth.twin == truth.twin[index])
    return min(truth.architectures[i] for i in members)


def halves(truth: Truth) -> NDArray[np.int64]:
    """The half of every architecture, 0 (`choose`) or 1 (`report`), shape `(n,)`; twins share theirs."""
    smallest: dict[int, str] = {}
    twins = truth.twin.tolist()
    for architecture, twin in zip(truth.architectures, twins, strict=True):
        smallest[twin] = min(architecture, smallest.get(twin, architecture))
    of_class = {twin: half_of(string) for twin, string in smallest.items()}
    return np.array([of_class[twin] for twin in twins], dtype=np.int64)
