"""Isomorphism classes of a truth whose file names none: who is whose twin, and what a class is worth."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

OF_STRING = "-of-string"
"""What the name of a column ends with that holds the value of the string itself, not that of its class."""


def classes_of(
    architectures: Sequence[str], keys: Sequence[Hashable]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The twin of every architecture, and the number of its class, both `(n,)`.

    Args:
        architectures: the n strings, without repeats.
        keys: equal for isomorphic ones and for no others.

    Returns:
        As twin the position of the string that comes first in lexicographic order within the class; the
        numbers of the classes are 0, 1, ... in the order in which they first appear.
    """
    number: dict[Hashable, int] = {}
    smallest: dict[int, str] = {}
    place = []
    for architecture, key in zip(architectures, keys, strict=True):
        one = number.setdefault(key, len(number))
        smallest[one] = min(architecture, smallest.get(one, architecture))
        place.append(one)
    position = {architecture: i for i, architecture in enumerate(architectures)}
    twin = np.array([position[smallest[one]] for one in place], dtype=np.int64)
    return twin, np.array(place, dtype=np.int64)


def by_class(
    columns: Mapping[str, NDArray[np.float64]], place: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """The columns with the mean of the class in every member's place.

    Where members of a class differ, the values of the strings follow as a column `<name>-of-string`.

    Args:
        columns: by name, `(n,)` each.
        place: the number of the class of each, `(n,)`, from `classes_of`.
    """
    counts = np.bincount(place)
    found: dict[str, NDArray[np.float64]] = {}
    for name, values in columns.items():
        lowest, highest = np.full(len(counts), np.inf), np.full(len(counts), -np.inf)
        np.minimum.at(lowest, place, values)
        np.maximum.at(highest, place, values)
        if np.array_equal(lowest, highest):
            found[name] = values
            continue
        found[name] = (np.bincount(place, values) / counts)[place]
        found[name + OF_STRING] = values
    return found
