"""Published measurements as tables: sources, a truth's columns, one architecture, the best ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from croze.reporting.table import Table
from croze.truth.catalogue import CATALOGUE, Source
from croze.truth.lookup import Entry, Ranked, Summary
from croze.truth.truth import Truth

MOST = 8
"""Isomorphic strings that are printed."""


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


def source_json(source: Source) -> dict[str, Any]:
    """A JSON-ready mapping of all that the catalogue says."""
    return asdict(source)


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
    lines = [f"{found.architecture} (half: {found.half})"]
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
