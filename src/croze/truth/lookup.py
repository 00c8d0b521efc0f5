"""What a truth says of one architecture, and which are its best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.truth.classes import HALVES, class_name, half_of
from croze.truth.columns import OF_STRING
from croze.truth.selection import select
from croze.truth.truth import Truth


@dataclass(frozen=True)
class Place:
    """A value of one column, and where it stands.

    Attributes:
        column: its name.
        value: in [0, 1].
        rank: 1 for the best; equal values share the better one.
        of: how many it stands among: the distinct architectures, or all strings where each has its own value.
    """

    column: str
    value: float
    rank: int
    of: int


@dataclass(frozen=True)
class Entry:
    """One architecture of a truth.

    Attributes:
        architecture: as the truth writes it.
        asked: as it was asked for.
        isomorphic: all strings of its isomorphism class that the truth has, itself included, in its order.
        half: `choose` or `report`.
        places: one a column.
    """

    architecture: str
    asked: str
    isomorphic: tuple[str, ...]
    half: str
    places: tuple[Place, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "architecture": self.architecture,
            "asked": self.asked,
            "isomorphic": list(self.isomorphic),
            "half": self.half,
            "columns": {p.column: {"value": p.value, "rank": p.rank, "of": p.of} for p in self.places},
        }


@dataclass(frozen=True)
class Ranked:
    """One of the best by a column: its place, its value in [0, 1], and how many strings its class has."""

    rank: int
    value: float
    architecture: str
    strings: int


@dataclass(frozen=True)
class Summary:
    """A column: number of values and of different ones, the smallest, the median and the largest."""

    column: str
    n: int
    different: int
    low: float
    median: float
    high: float


def summaries(truth: Truth) -> list[Summary]:
    """Every column over all architecture strings."""
    found = []
    for name, values in truth.columns.items():
        low, median, high = np.quantile(values, [0, 0.5, 1]).tolist()
        found.append(Summary(name, len(values), len(np.unique(values)), low, median, high))
    return found


def find(truth: Truth, text: str) -> int:
    """The position of an architecture, in any notation of the space, or of one isomorphic to it.

    Raises:
        CrozeError: when it is no architecture of the space, or the truth has none isomorphic to it.
    """
    known = {architecture: i for i, architecture in enumerate(truth.architectures)}
    if text in known:
        return known[text]
    # only when asked for: spaces bring their networks along
    from croze.spaces import Space, open_space
    from croze.spaces.genotypes import parse_or_suggest, resolve

    space: Space[Any] = open_space(truth.space)
    architecture = parse_or_suggest(space, resolve(text.strip(), truth.space)[1])
    if str(architecture) in known:
        return known[str(architecture)]
    wanted = str(space.canonical(architecture))
    for i in truth.distinct.tolist():
        if str(space.canonical(space.parse(truth.architectures[i]))) == wanted:
            return int(i)
    raise CrozeError(
        f"{truth.name} has none of its {len(truth):,} architectures isomorphic to {str(architecture)!r}."
    )


def entry(truth: Truth, text: str) -> Entry:
    """What the truth says of an architecture.

    Raises:
        CrozeError: as `find`.
    """
    index = find(truth, text)
    members = np.flatnonzero(truth.representative == truth.representative[index])
    half = half_of(class_name(truth, index))
    places = []
    for name, values in truth.columns.items():
        among = values[_compared(truth, name)]
        rank = 1 + int((among > values[index]).sum())
        places.append(Place(name, float(values[index]), rank, len(among)))
    return Entry(
        truth.architectures[index],
        text,
        tuple(truth.architectures[i] for i in members),
        next(name for name, number in HALVES.items() if number == half),
        tuple(places),
    )


def best(truth: Truth, column: str, top: int = 10, half: str = "both") -> list[Ranked]:
    """The best architectures by a column, one of each isomorphism class.

    Equal values share a rank and stand in the order of their strings.

    Raises:
        CrozeError: an unknown column or half.
    """
    values = truth.values(column)
    kept = select(truth, cells="all" if column.endswith(OF_STRING) else "distinct", half=half)
    counts = np.bincount(truth.representative, minlength=len(truth))
    order = sorted(kept.tolist(), key=lambda i: (-values[i], truth.architectures[i]))[:top]
    return [
        Ranked(
            1 + int((values[kept] > values[i]).sum()),
            float(values[i]),
            truth.architectures[i],
            int(counts[truth.representative[i]]),
        )
        for i in order
    ]


def _compared(truth: Truth, column: str) -> NDArray[np.int64]:
    """The positions among which a value of the column has its rank."""
    return np.arange(len(truth), dtype=np.int64) if column.endswith(OF_STRING) else truth.distinct
