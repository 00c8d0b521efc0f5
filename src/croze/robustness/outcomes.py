"""Outcomes of an evaluation, filed batch by batch: a kill loses no more than the batch at work."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor

from croze.errors import CrozeError

_TABLE = """
CREATE TABLE IF NOT EXISTS outcomes (
    context TEXT NOT NULL,
    trial TEXT NOT NULL,
    first INTEGER NOT NULL,
    correct BLOB NOT NULL,
    forwards INTEGER NOT NULL,
    backwards INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (context, trial, first)
) WITHOUT ROWID
"""

FILE = "outcomes.sqlite"


class Outcomes:
    """The file `outcomes.sqlite` of a folder; a context manager.

    Args:
        folder: made when it does not exist.
        context: what outcomes depend on besides trial and batch (weights, images, seed), JSON-ready.

    Raises:
        CrozeError: when the folder cannot be written or the file is none of this kind.
    """

    def __init__(self, folder: str | Path, context: Mapping[str, Any]) -> None:
        self.path = Path(folder) / FILE
        self._context = _key(context)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(_TABLE)
        except (OSError, sqlite3.Error) as problem:
            raise CrozeError(f"{self.path} cannot be used for outcomes: {problem}.") from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, trial: str, first: int, count: int) -> tuple[Tensor, int, int, float] | None:
        """Correct ones, forwards, backwards and seconds of a batch of `count` images; None without.

        Raises:
            CrozeError: when the file is damaged.
        """
        try:
            row = self._connection.execute(
                "SELECT correct, forwards, backwards, seconds FROM outcomes "
                "WHERE context = ? AND trial = ? AND first = ?",
                (self._context, trial, first),
            ).fetchone()
        except sqlite3.Error as problem:
            raise CrozeError(f"Cannot read {self.path}: {problem}; delete it to begin anew.") from problem
        if row is None or len(row[0]) != count:
            return None
        return torch.frombuffer(bytearray(row[0]), dtype=torch.bool), row[1], row[2], row[3]

    def add(
        self, trial: str, first: int, correct: Tensor, forwards: int, backwards: int, seconds: float
    ) -> None:
        """File a batch; committed when this returns.

        Raises:
            CrozeError: when the file cannot be written.
        """
        blob = correct.to(torch.bool).numpy().tobytes()
        row = (self._context, trial, first, blob, forwards, backwards, seconds)
        try:
            with self._connection:
                self._connection.execute("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as problem:
            raise CrozeError(f"Cannot write to {self.path}: {problem}; what is in it is safe.") from problem


def read_outcomes(folder: Path, context: Mapping[str, Any]) -> dict[str, tuple[int, float]]:
    """Of each trial that was begun in this context, the images that are done and the accuracy on them.

    Raises:
        CrozeError: when the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                "SELECT trial, correct FROM outcomes WHERE context = ? ORDER BY trial, first",
                (_key(context),),
            ).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as problem:
        raise CrozeError(f"{path} cannot be read ({problem}): name the folder of a run.") from None
    correct: dict[str, bytes] = {}
    for trial, blob in rows:
        correct[trial] = correct.get(trial, b"") + blob
    return {trial: (len(blob), sum(blob) / len(blob)) for trial, blob in correct.items()}


def _key(context: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(context, sort_keys=True).encode()).hexdigest()
