"""The raw files of a benchmark: which they are, what identifies their content, reading JSON and CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.files import parse_json
from croze.truth.truth import Truth

LARGE = 64 * 2**20
"""Bytes above which files are told apart by size and time of change, not read whole each time."""

SETTLED_SECONDS = 2.0
"""A large file that changed less than this ago may change once more without another time of change."""


AGAIN = "it is cut short or no CSV: fetch the file again"
"""What a message ends with that finds a file incomplete."""


@dataclass(frozen=True)
class RawFiles:
    """What a reader is going to read.

    Attributes:
        source: the folder or file that was named, as a truth's provenance says it.
        files: by the name that the provenance gives them; those that are absent are left out.
        options: what else decides the truth, such as the unit of a table.
    """

    source: str
    files: Mapping[str, Path]
    options: str = ""

    def fingerprint(self) -> dict[str, str] | None:
        """What identifies the content, by name: the SHA-256 of every file.

        Of more than `LARGE` bytes together it is where each lies, its size and when it was changed.

        Returns:
            None when a file cannot be read, there is none, or a large one has only just been changed.
        """
        try:
            sizes = {name: path.stat() for name, path in self.files.items()}
            if not sizes:
                return None
            if sum(size.st_size for size in sizes.values()) <= LARGE:
                return {
                    name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in self.files.items()
                }
            if max(size.st_mtime for size in sizes.values()) > time.time() - SETTLED_SECONDS:
                return None
            return {
                name: f"{os.path.abspath(path)} {sizes[name].st_size} {sizes[name].st_mtime_ns}"
                for name, path in self.files.items()
            }
        except OSError:
            return None


@dataclass(frozen=True)
class Reader:
    """How a benchmark is read.

    Attributes:
        name: as `open_truth` takes it.
        read: takes the path and the data set, in upper or lower case, returns the truth in the order of the
            file; one that takes long takes `watch` as well.
        inputs: which raw files that is going to read; None where they change at any time.
        version: of what `read` makes of them; a table of another one in the cache is not read.
        slow: whether `read` takes `watch`.
    """

    name: str
    read: Callable[..., Truth]
    inputs: Callable[[Path, str], RawFiles] | None = None
    version: int = 0
    slow: bool = False


def one_file(path: Path, dataset: str) -> RawFiles:
    """What a reader of a single file is going to read."""
    return RawFiles(str(path), {path.name: path})


def known_dataset(name: str, datasets: Sequence[str], dataset: str) -> str:
    """The data set in lower case; raises CrozeError when the benchmark has none of this name."""
    if dataset.lower() not in datasets:
        those = f"data set{'s' if len(datasets) > 1 else ''}"
        raise CrozeError(f"{name} has the {those} {', '.join(datasets)}, got {dataset!r}.")
    return dataset.lower()


def json_of(file: Path, content: bytes) -> Any:
    """The value that the content of a file stands for; raises CrozeError when it is no JSON, or cut short."""
    try:
        return parse_json(content)
    except CrozeError as problem:
        raise CrozeError(f"{file} is not complete JSON ({problem}): fetch the file again.") from None


def number_of(field: Any, where: str, what: str, least: float = -math.inf, most: float = math.inf) -> float:
    """The finite number that a field holds, in a range; raises CrozeError for anything else."""
    try:
        value = float(field)
    except (ValueError, TypeError):
        value = math.nan
    if not (math.isfinite(value) and least <= value <= most):
        raise CrozeError(f"{where}: expected {what}, got {field!r}.")
    return value


def rows_of(
    file: Path, content: bytes, again: str = AGAIN, encoding: str = "utf-8"
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The first line of a CSV file, and every other with its number; `again` ends messages on damaged ones.

    Raises:
        CrozeError: for what is no CSV, ends within a line, has no row, or one with another number of fields
            than the first line.
    """
    if not content.endswith(b"\n"):
        raise CrozeError(f"{file} must end with a whole line, got {len(content):,} bytes without: {again}.")
    try:
        reader = csv.reader(io.StringIO(content.decode(encoding), newline=""), strict=True)
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
