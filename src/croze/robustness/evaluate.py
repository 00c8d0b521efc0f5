"""Evaluates a trained model batch by batch; resumes after an interruption."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from croze.data import Dataset
from croze.errors import CrozeError
from croze.nn.seeding import exact_convolutions
from croze.robustness.conditions import Condition
from croze.training.loop import check_fits

_TABLE = """
CREATE TABLE IF NOT EXISTS batches (
    context TEXT NOT NULL,
    condition TEXT NOT NULL,
    first INTEGER NOT NULL,
    correct BLOB NOT NULL,
    forwards INTEGER NOT NULL,
    backwards INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (context, condition, first)
) WITHOUT ROWID
"""

FILE = "outcomes.sqlite"


class Outcomes:
    """The file `outcomes.sqlite` of a folder, batch by batch: a kill loses no more than the batch at work.

    The context is what outcomes depend on besides condition and batch (weights, images, seed), JSON-ready.

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

    def get(self, condition: str, first: int, count: int) -> tuple[Tensor, int, int, float] | None:
        """Correct ones, forwards, backwards and seconds of a batch of `count` images; None without."""
        try:
            row = self._connection.execute(
                "SELECT correct, forwards, backwards, seconds FROM batches "
                "WHERE context = ? AND condition = ? AND first = ?",
                (self._context, condition, first),
            ).fetchone()
        except sqlite3.Error as problem:
            raise CrozeError(f"Cannot read {self.path}: {problem}; delete it to begin anew.") from problem
        if row is None or len(row[0]) != count:
            return None
        return torch.frombuffer(bytearray(row[0]), dtype=torch.bool), row[1], row[2], row[3]

    def add(
        self, condition: str, first: int, correct: Tensor, forwards: int, backwards: int, seconds: float
    ) -> None:
        """File a batch; committed when this returns."""
        blob = correct.to(torch.bool).numpy().tobytes()
        row = (self._context, condition, first, blob, forwards, backwards, seconds)
        try:
            with self._connection:
                self._connection.execute("INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as problem:
            raise CrozeError(f"Cannot write to {self.path}: {problem}; what is in it is safe.") from problem


def read_outcomes(folder: Path, context: Mapping[str, Any]) -> dict[str, tuple[int, float]]:
    """Of each condition that was begun in this context, the images that are done and the accuracy on them."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                "SELECT condition, correct FROM batches WHERE context = ? ORDER BY condition, first",
                (_key(context),),
            ).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as problem:
        raise CrozeError(f"{path} cannot be read ({problem}): name the folder of a run.") from None
    correct: dict[str, bytes] = {}
    for condition, blob in rows:
        correct[condition] = correct.get(condition, b"") + blob
    return {condition: (len(blob), sum(blob) / len(blob)) for condition, blob in correct.items()}


def _key(context: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(context, sort_keys=True).encode()).hexdigest()


Watch = Callable[[str, int, float], None]
"""Called after every batch with the condition, the number of its images done and its accuracy so far."""


@dataclass(frozen=True, eq=False)
class Result:
    """What came of one condition: whether each of the first n images is classified correctly, bool `(n,)`.

    Forwards and backwards are images through the network; seconds are of computing, whenever that was.
    """

    key: str
    correct: NDArray[np.bool_]
    forwards: int
    backwards: int
    seconds: float

    @property
    def accuracy(self) -> float:
        """The share of images that are classified correctly."""
        return float(self.correct.mean())


def evaluate_conditions(
    model: nn.Module,
    dataset: Dataset,
    conditions: Sequence[Condition],
    *,
    outcomes: Outcomes,
    seed: int = 0,
    batch_size: int = 100,
    limits: Mapping[str, int] | None = None,
    device: str = "cpu",
    watch: Watch = lambda key, done, accuracy: None,
) -> dict[str, Result]:
    """The results of all conditions, by key, in order.

    Args:
        model: takes pixels, in evaluation mode.
        dataset: labelled images.
        conditions: each once.
        outcomes: where batches are kept; one that is there is not computed again. Its context has to name the
            model, the images, the seed and the batch size.
        seed: of everything random.
        batch_size: images at once.
        limits: by key, the first so many images only.
        device: where to compute.
        watch: see `Watch`.

    Raises:
        CrozeError: when the model does not fit the images, its weights are not finite, or as the conditions.
    """
    check_model(model, dataset)
    model = model.to(device)
    results = {}
    with exact_convolutions():
        for condition in conditions:
            count = min((limits or {}).get(condition.key, len(dataset)), len(dataset))
            parts: list[Tensor] = []
            forwards = backwards = 0
            seconds = 0.0
            for first in range(0, count, batch_size):
                rows = np.arange(first, min(first + batch_size, count))
                known = outcomes.get(condition.key, first, len(rows))
                if known is None:
                    images = torch.from_numpy(dataset.read(rows)).to(device).to(torch.float32) / 255
                    labels = torch.from_numpy(dataset.labels[rows]).to(device)
                    start = time.perf_counter()
                    found = condition(model, images, labels, seed=seed, first=first)
                    spent = time.perf_counter() - start
                    known = found.correct, found.forwards, found.backwards, spent
                    outcomes.add(condition.key, first, *known)
                parts.append(known[0])
                forwards, backwards, seconds = forwards + known[1], backwards + known[2], seconds + known[3]
                so_far = torch.cat(parts)
                watch(condition.key, len(so_far), float(so_far.double().mean()))
            correct = torch.cat(parts).numpy()
            results[condition.key] = Result(condition.key, correct, forwards, backwards, seconds)
    return results


def check_model(model: nn.Module, dataset: Dataset) -> None:
    """CrozeError when weights are not finite, or there are not as many logits as classes."""
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise CrozeError(f"The model's weights are not finite ({name}): its training diverged.")
    check_fits(model, dataset)
