"""The scores in an SQLite file, each from the moment it is made.

A score is filed under its context (space, data, seed: all but architecture and proxy that it depends on), the
architecture and the proxy, so one file serves several searches, and the same command finds its scores again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from croze.errors import CrozeError
from croze.types import Score

VERSION = 1
"""Version of the file's layout, kept in its `user_version`."""

_TABLES = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS contexts (
    context TEXT PRIMARY KEY,
    description TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scores (
    context TEXT NOT NULL REFERENCES contexts,
    architecture TEXT NOT NULL,
    proxy TEXT NOT NULL,
    value REAL,
    reason TEXT NOT NULL,
    notes TEXT NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (context, architecture, proxy)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
COMMIT;
"""


class Store:
    """Scores of one context in the file `scores.sqlite` of a folder; a context manager.

    Every `add` is committed before it returns: a process killed at any moment loses nothing it had added.
    Per-layer terms are not kept.

    Raises:
        CrozeError: when the folder cannot be written, another process uses it, or the file is no store of
            this version.
    """

    def __init__(self, folder: str | Path, context: Mapping[str, Any]) -> None:
        self.path = Path(folder) / "scores.sqlite"
        description = json.dumps(context, sort_keys=True)
        self.context = hashlib.sha256(description.encode()).hexdigest()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.path.with_suffix(".lock"))
            self._lock.acquire(timeout=0)
        except Timeout:
            raise CrozeError(
                f"Another run is using {self.path.parent}; wait for it or name another folder."
            ) from None
        except OSError as problem:
            raise CrozeError(
                f"Cannot write to {self.path.parent}: {problem.strerror or problem}."
            ) from problem
        try:
            self._connection = self._open(description)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others use it."""
        self._connection.close()
        self._lock.release()

    def add(self, architecture: str, scores: Iterable[Score]) -> None:
        """File these scores of one architecture, all or none; the first score of a kind stays."""
        rows = [
            (self.context, architecture, s.proxy, s.value, s.reason, json.dumps(s.notes), s.seconds)
            for s in scores
        ]
        try:
            with self._connection:
                self._connection.executemany(
                    "INSERT OR IGNORE INTO scores VALUES (?, ?, ?, ?, ?, ?, ?)", rows
                )
        except sqlite3.Error as problem:
            raise CrozeError(
                f"Cannot write to {self.path}: {problem}. What is in it is safe: the same command goes on."
            ) from problem

    def get(self, architecture: str) -> dict[str, Score]:
        """The scores of one architecture, by proxy."""
        rows = self._read(
            "SELECT proxy, value, reason, notes, seconds FROM scores WHERE context = ? AND architecture = ?",
            architecture,
        )
        return {
            proxy: Score(proxy, value, reason, notes=_notes(notes), seconds=seconds)
            for proxy, value, reason, notes, seconds in rows
        }

    def column(self, proxy: str) -> dict[str, Score]:
        """Every score of one proxy in this context, by architecture."""
        rows = self._read(
            "SELECT architecture, value, reason, notes, seconds FROM scores WHERE context = ? AND proxy = ?",
            proxy,
        )
        return {
            architecture: Score(proxy, value, reason, (), _notes(notes), seconds)
            for architecture, value, reason, notes, seconds in rows
        }

    def count(self, proxy: str) -> int:
        """Number of scores of one proxy in this context."""
        query = "SELECT COUNT(*) FROM scores WHERE context = ? AND proxy = ?"
        return int(self._read(query, proxy)[0][0])

    def __len__(self) -> int:
        """Number of scores in this context."""
        return int(self._read("SELECT COUNT(*) FROM scores WHERE context = ?")[0][0])

    def _read(self, query: str, *arguments: str | int) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, (self.context, *arguments)).fetchall()
        except sqlite3.Error as problem:
            raise CrozeError(f"Cannot read {self.path}: {problem}; name another folder.") from problem

    def _open(self, description: str) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(self.path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
            if version != VERSION and (version or tables):
                raise CrozeError(
                    f"{self.path} is a store of version {version}, this croze writes version {VERSION}; "
                    "name another folder."
                )
            # one transaction: a kill leaves an empty file or a whole store, never tables without a version
            connection.executescript(_TABLES)
            with connection:
                connection.execute(
                    "INSERT OR IGNORE INTO contexts VALUES (?, ?)", (self.context, description)
                )
        except sqlite3.Error as problem:
            if connection is not None:
                connection.close()
            raise CrozeError(f"{self.path} cannot be used as a store of scores: {problem}.") from problem
        except CrozeError:
            if connection is not None:
                connection.close()
            raise
        return connection


def _notes(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text)) if text != "[]" else ()
