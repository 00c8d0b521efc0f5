"""The tables of the CRoZe paper (Ha, Kim and Hwang, NeurIPS 2023) as printed, with errata.

Correlations lie in [-1, 1], accuracies are in percent, times in seconds of one RTX 3090.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from croze.errors import CrozeError

AVERAGE = "avg"
"""The column that means something else in every table; `PrintedTable.average` says what."""


@dataclass(frozen=True)
class PrintedTable:
    """One table, or the part of it that one data set or one training fills, such as `table2/cifar10`.

    Rows are by label and column, None where a value is missing in print; `average` says what `avg` is the
    mean of; `errata` are values computed from the row that differ from the printed ones.
    """

    name: str
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, float | None]]
    average: str
    note: str
    errata: Mapping[str, Mapping[str, float]]

    def value(self, row: str, column: str) -> float | None:
        """The printed value; None if it is missing, or there is no such row or column."""
        return self.rows.get(row, {}).get(column)

    def erratum(self, row: str, column: str) -> float | None:
        """The value computed from the row, if the printed one contradicts it; None without an erratum."""
        return self.errata.get(row, {}).get(column)

    def meant(self, row: str, column: str) -> float | None:
        """The corrected value at an erratum, else the printed value."""
        corrected = self.erratum(row, column)
        return self.value(row, column) if corrected is None else corrected


def printed(name: str) -> PrintedTable:
    """A table by its name; CrozeError for an unknown one."""
    known = printed_tables()
    if name not in known:
        raise CrozeError(f"The printed tables are {', '.join(known)}, got {name!r}.")
    return known[name]


@cache
def printed_tables() -> Mapping[str, PrintedTable]:
    """All of them by name, in the order of the paper."""
    text = resources.files("croze.paper").joinpath("printed.json").read_text(encoding="utf-8")
    return {name: _table(name, entry) for name, entry in json.loads(text).items()}


def _table(name: str, entry: Mapping[str, Any]) -> PrintedTable:
    columns = tuple(entry["columns"])
    rows = {row: dict(zip(columns, values, strict=True)) for row, values in entry["rows"].items()}
    return PrintedTable(name, columns, rows, entry["average"], entry["note"], entry["errata"])
