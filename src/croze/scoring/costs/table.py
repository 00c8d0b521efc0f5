"""Latency looked up: values that others measured on a device, one a line of a CSV file."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from croze.errors import CrozeError
from croze.scoring.costs.base import Build, Cost

A = TypeVar("A")

NAMES = ("arch", "architecture", "net_str", "net")
"""Headings under which a file may name the architecture; the first that is there counts."""


@dataclass(frozen=True)
class TableLatency(Cost):
    """A column of a table, such as HW-NAS-Bench's `edgegpu_latency` (Li et al. 2021), in milliseconds.

    Attributes:
        source: name of the file, and the column.
        sha256: hex digest of the file.
        values: by architecture string.
    """

    source: str
    sha256: str
    values: Mapping[str, float] = field(repr=False, compare=False)

    unit = "ms"
    kept = False

    @property
    def spec(self) -> str:
        """`latency` with file and column."""
        return f"latency({self.source})"

    def of(self, architecture: str, build: Build, inputs: Tensor) -> float:
        """The value of the table.

        Raises:
            CrozeError: when it has none for this architecture.
        """
        try:
            return self.values[architecture]
        except KeyError:
            raise CrozeError(f"{self.source} has no latency of {architecture}.") from None


def read_latency(spec: str, parse: Callable[[str], A], canonical: Callable[[A], A]) -> TableLatency:
    """The table that `FILE.csv:COLUMN` names.

    Args:
        parse: reads an architecture; any notation that the space knows.
        canonical: of the space; a class without a line for its canonical member takes the value of the
            first member that has one.

    Raises:
        CrozeError: for a file that cannot be read, lacks the columns, names an architecture twice, or holds
            anything but a positive number or an architecture where one belongs.
    """
    path, colon, column = spec.rpartition(":")
    file = Path(path).expanduser()
    if not colon or not path or not column:
        raise CrozeError(f"A table of latencies is named FILE.csv:COLUMN, got {spec!r}.")
    try:
        content = file.read_bytes()
        rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except OSError as problem:
        raise CrozeError(f"Cannot read the latencies {file}: {problem.strerror or problem}.") from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise CrozeError(f"{file} cannot be read as CSV: {problem}.") from None
    header = rows[0] if rows else []
    name = next((known for known in NAMES if known in header), None)
    if name is None or column not in header:
        raise CrozeError(
            f"{file} must have the column {column} and one of {', '.join(NAMES)} in its first line, "
            f"got {', '.join(header) or 'nothing'}."
        )
    of_name, of_value = header.index(name), header.index(column)
    values: dict[str, float] = {}
    classes: dict[str, float] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise CrozeError(f"{file}, line {line}: expected {len(header)} fields, got {len(row)}.")
        try:
            architecture = parse(row[of_name])
        except CrozeError as problem:
            raise CrozeError(f"{file}, line {line}: {problem}") from None
        if str(architecture) in values:
            raise CrozeError(f"{file}, line {line}: {architecture} is there twice; once is expected.")
        values[str(architecture)] = _positive(row[of_value], file, line, column)
        classes.setdefault(str(canonical(architecture)), values[str(architecture)])
    return TableLatency(f"{file.name}:{column}", hashlib.sha256(content).hexdigest(), classes | values)


def _positive(text: str, file: Path, line: int, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise CrozeError(f"{file}, line {line}: expected a number above 0 as {column}, got {text!r}.")
    return value
