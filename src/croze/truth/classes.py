"""Isomorphism classes of a truth: who represents whom, what a class is worth, and its half.

What is tuned is tuned on the half `choose`, what is published comes from `report`. Cells are split by class,
so that no architecture is on both sides under another name: the half of a class is the SHA-256 of its name,
as a number, modulo 2. The name is the lexicographically smallest string of the class in all of
NAS-Bench-201, and the canonical string in other spaces: a file that holds only some strings of a class puts
them into the same half as any other file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from croze.truth.columns import OF_STRING
from croze.truth.truth import Truth

HALVES: Mapping[str, int] = {"choose": 0, "report": 1}


def halves(truth: Truth) -> NDArray[np.int64]:
    """The half of every architecture, 0 (`choose`) or 1 (`report`), shape `(n,)`; one for each class."""
    names: dict[int, str] = {}
    first = truth.representative.tolist()
    for name, one in zip(truth.names or truth.architectures, first, strict=True):
        names[one] = min(name, names.get(one, name))
    of_class = {one: int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 for one, name in names.items()}
    return np.array([of_class[one] for one in first], dtype=np.int64)


def one_of_each(truth: Truth, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of these positions to keep so that every isomorphism class has one.

    The class's representative where it is among them, else its member of the lowest position.

    Returns:
        Places in `positions`, ascending.
    """
    chosen: dict[int, int] = {}
    for place in np.argsort(positions, kind="stable").tolist():
        position = int(positions[place])
        representative = int(truth.representative[position])
        if position == representative or representative not in chosen:
            chosen[representative] = place
    return np.array(sorted(chosen.values()), dtype=np.int64)


def classes_of(
    architectures: Sequence[str], keys: Sequence[Hashable]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The representative of every architecture, and the number of its class, both `(n,)`.

    Args:
        architectures: the n strings, without repeats.
        keys: equal for isomorphic ones and for no others.

    Returns:
        The position of the string that comes first in lexicographic order within the class; the numbers of
        the classes are 0, 1, ... in the order in which they first appear.
    """
    number: dict[Hashable, int] = {}
    smallest: dict[int, str] = {}
    place = []
    for architecture, key in zip(architectures, keys, strict=True):
        one = number.setdefault(key, len(number))
        smallest[one] = min(architecture, smallest.get(one, architecture))
        place.append(one)
    position = {architecture: i for i, architecture in enumerate(architectures)}
    representative = np.array([position[smallest[one]] for one in place], dtype=np.int64)
    return representative, np.array(place, dtype=np.int64)


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
