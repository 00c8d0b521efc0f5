"""The raw files of a benchmark: which they are, what identifies their content, and reading them."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croze.errors import CrozeError

LARGE = 64 * 2**20
"""Bytes above which files are told apart by size and time of change, not read whole each time."""

SETTLED_SECONDS = 2.0
"""A large file that changed less than this ago may change once more without another time of change."""


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


def content_of(file: Path, what: str) -> bytes:
    """The content of a file.

    Args:
        file: what is read.
        what: names it in the message, such as `the accuracies`.

    Raises:
        CrozeError: when it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as problem:
        raise CrozeError(f"Cannot read {what} {file}: {problem.strerror or problem}.") from problem


def json_of(file: Path, content: bytes) -> Any:
    """The value that the content of a file stands for.

    Raises:
        CrozeError: when it is no JSON, or not all of it.
    """
    try:
        return json.loads(content)
    except ValueError as problem:
        raise CrozeError(f"{file} is not complete JSON ({problem}): fetch the file again.") from None
