"""What a truth says of one architecture, which are its best, and the tables of this and of the sources."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from croze.errors import CrozeError
from croze.reporting.table import Table
from croze.truth.catalogue import CATALOGUE, Source
from croze.truth.classes import HALVES, halves
from croze.truth.columns import OF_STRING
from croze.truth.selection import select
from croze.truth.truth import Truth

TOPOLOGIES = "nasbench201"

ORDERS = {
    TOPOLOGIES: "83abc799e45cf34e9d2163654668ab998b9a54d01c39e72ca1f71f2cdf356d84",
    "nats-sss": "8b99b4c0aabe959924c6fb36c0ee4a3f79362343e36b7752b90deee9409b492f",
}
"""SHA-256 of all architectures of a space in the order of NATS-Bench, a line each."""

_DIGITS = re.compile(r"[0-9]{1,9}")

MOST = 8
"""Isomorphic strings that are printed."""


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
        number: of the architecture in NATS-Bench and NAS-Bench-201; None where the truth does not tell.
        places: one a column.
    """

    architecture: str
    asked: str
    isomorphic: tuple[str, ...]
    half: str
    number: int | None
    places: tuple[Place, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "architecture": self.architecture,
            "asked": self.asked,
            "isomorphic": list(self.isomorphic),
            "half": self.half,
            "number": self.number,
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

    Args:
        truth: where to look.
        text: the architecture, or its number in NATS-Bench where the truth holds all in that order.

    Raises:
        CrozeError: when it is no architecture of the space, or the truth has none isomorphic to it.
    """
    known = truth.positions
    if text in known:
        return known[text]
    if _DIGITS.fullmatch(text.strip()) and truth.space == TOPOLOGIES:
        number = int(text)
        if not in_order(truth):
            raise CrozeError(
                f"{truth.name} does not hold all cells in the order of the benchmark, so that {number} names "
                "none: write the cell."
            )
        if number >= len(truth):
            raise CrozeError(f"Cells of NAS-Bench-201 are numbered 0 to {len(truth) - 1:,}, got {number}.")
        return number
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


def in_order(truth: Truth) -> bool:
    """Whether the architectures are those of a benchmark of NATS-Bench, in its order."""
    digest = hashlib.sha256("\n".join(truth.architectures).encode()).hexdigest()
    return digest == ORDERS.get(truth.space)


def entry(truth: Truth, text: str) -> Entry:
    """What the truth says of an architecture.

    Raises:
        CrozeError: as `find`.
    """
    index = find(truth, text)
    members = np.flatnonzero(truth.representative == truth.representative[index])
    half = halves(truth)[index]
    places = []
    for name, values in truth.columns.items():
        among = values if name.endswith(OF_STRING) else values[truth.distinct]
        rank = 1 + int((among > values[index]).sum())
        places.append(Place(name, float(values[index]), rank, len(among)))
    return Entry(
        truth.architectures[index],
        text,
        tuple(truth.architectures[i] for i in members),
        next(name for name, number in HALVES.items() if number == half),
        index if in_order(truth) else None,
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


def source_table() -> Table:
    """Every source that the catalogue knows."""
    rows = (
        (
            source.name,
            source.what,
            ", ".join(source.datasets),
            source.licence,
            "fetched" if source.direct else "by hand",
        )
        for source in CATALOGUE.values()
    )
    return Table("Sources", "", ("name", "what", "data sets", "licence", "how"), tuple(rows), prose=True)


def source_text(source: Source) -> list[str]:
    """What a person needs to know of a source, a line each."""
    lines = [
        f"{source.name}: {source.what}.",
        f"  paper     {source.paper}",
        *(f"  {'from' if i == 0 else '':9} {page}" for i, page in enumerate(source.pages)),
        f"  licence   {source.licence}",
        f"  data sets {', '.join(source.datasets)}",
        f"  use       {source.use}",
    ]
    if source.by_hand:
        lines.append(f"  by hand   {source.by_hand}")
    return lines


def file_table(source: Source, standing: Mapping[str, str]) -> Table:
    """Every known file of a source, and how it stands."""
    rows = (
        (
            file.name,
            f"{file.size:,}" if file.size is not None else "?",
            file.sha256[:12] or "not known",
            standing.get(file.name, ""),
        )
        for file in source.files
    )
    return Table("", "", ("file", "bytes", "SHA-256", "state"), tuple(rows), prose=True)


def truth_lines(truth: Truth, notes: Iterable[str]) -> list[str]:
    """What a truth is of, a line each."""
    size = ", ".join(f"{name} {value}" for name, value in truth.network.items()) or "size not known"
    return [
        f"{truth.name}, {truth.dataset}: {len(truth):,} architectures of {truth.space}, "
        f"{len(truth.distinct):,} of them distinct up to isomorphism; networks: {size}",
        f"read from {truth.provenance.source}",
        *notes,
    ]


def column_table(found: Sequence[Summary]) -> Table:
    """The columns of a truth."""
    rows = (
        (one.column, f"{one.n:,}", f"{one.different:,}", *map(_percent, (one.low, one.median, one.high)))
        for one in found
    )
    return Table("", "", ("column", "n", "different", "lowest", "median", "highest"), tuple(rows))


def entry_lines(found: Entry) -> list[str]:
    """Which architecture it is, and those isomorphic to it, a line each."""
    others = [one for one in found.isomorphic if one != found.architecture]
    number = "" if found.number is None else f"number {found.number:,}, "
    lines = [f"{found.architecture} ({number}half: {found.half})"]
    if found.asked != found.architecture:
        lines.append(f"asked for as {found.asked}")
    lines += [f"isomorphic   {one}" for one in others[:MOST]]
    if len(others) > MOST:
        lines.append(f"and {len(others) - MOST:,} more")
    return lines


def entry_table(found: Entry) -> Table:
    """All columns of one architecture."""
    rows = (
        (place.column, _percent(place.value), f"{place.rank:,} of {place.of:,}") for place in found.places
    )
    return Table("", "", ("column", "accuracy", "rank"), tuple(rows))


def best_table(column: str, found: Sequence[Ranked]) -> Table:
    """The best architectures by a column."""
    rows = ((str(one.rank), _percent(one.value), str(one.strings), one.architecture) for one in found)
    return Table("", "", ("rank", column, "strings", "architecture"), tuple(rows), prose=True)


def truth_json(truth: Truth, notes: Iterable[str]) -> dict[str, Any]:
    """What a truth is of, JSON-ready."""
    return {
        "name": truth.name,
        "dataset": truth.dataset,
        "space": truth.space,
        "network": dict(truth.network),
        "architectures": len(truth),
        "distinct": len(truth.distinct),
        "source": truth.provenance.source,
        "sha256": dict(truth.provenance.sha256),
        "notes": list(notes),
    }


def _percent(value: float) -> str:
    return f"{value:.2%}"
