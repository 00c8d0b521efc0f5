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
from torch import nn

from croze.data import Dataset
from croze.errors import CrozeError
from croze.nn.seeding import exact_convolutions
from croze.robustness.conditions import Condition, Outcome
from croze.training.loop import check_fits, dtype_of

_TABLE = """
CREATE TABLE IF NOT EXISTS batches (
    context TEXT NOT NULL,
    condition TEXT NOT NULL,
    first INTEGER NOT NULL,
    correct BLOB NOT NULL,
    not_finite INTEGER NOT NULL,
    forwards INTEGER NOT NULL,
    backwards INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (context, condition, first)
) WITHOUT ROWID
"""

_INSERT = "INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

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

    def get(self, condition: str, first: int, count: int) -> tuple[Outcome, float] | None:
        """What came of a batch, and the seconds that it took; None without."""
        try:
            row = self._connection.execute(
                "SELECT correct, not_finite, forwards, backwards, seconds FROM batches "
                "WHERE context = ? AND condition = ? AND first = ?",
                (self._context, condition, first),
            ).fetchone()
        except sqlite3.Error as problem:
            raise CrozeError(f"Cannot read {self.path}: {problem}; delete it to begin anew.") from problem
        if row is None or len(row[0]) != count:
            return None
        return Outcome(torch.frombuffer(bytearray(row[0]), dtype=torch.bool), *row[1:4]), row[4]

    def add(self, condition: str, first: int, outcome: Outcome, seconds: float) -> None:
        """File a batch; committed when this returns."""
        blob = outcome.correct.to(torch.bool).numpy().tobytes()
        passes = (outcome.not_finite, outcome.forwards, outcome.backwards)
        row = (self._context, condition, first, blob, *passes, seconds)
        try:
            with self._connection:
                self._connection.execute(_INSERT, row)
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

    `not_finite` of them have logits that are not all finite, and count as wrong. Forwards and backwards are
    images through the network; seconds are of computing, whenever that was.
    """

    key: str
    correct: NDArray[np.bool_]
    not_finite: int
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
    dtype = dtype_of(model)
    results = {}
    with exact_convolutions():
        for condition in conditions:
            count = min((limits or {}).get(condition.key, len(dataset)), len(dataset))
            found: list[tuple[Outcome, float]] = []
            for first in range(0, count, batch_size):
                rows = np.arange(first, min(first + batch_size, count))
                known = outcomes.get(condition.key, first, len(rows)) if condition.filed else None
                if known is None:
                    images = torch.from_numpy(dataset.read(rows)).to(device).to(dtype) / 255
                    labels = torch.from_numpy(dataset.labels[rows]).to(device)
                    start = time.perf_counter()
                    outcome = condition(model, images, labels, seed=seed, first=first)
                    known = outcome, time.perf_counter() - start
                    if condition.filed:
                        outcomes.add(condition.key, first, *known)
                found.append(known)
                correct = torch.cat([outcome.correct for outcome, _ in found])
                watch(condition.key, len(correct), float(correct.double().mean()))
            results[condition.key] = Result(
                condition.key,
                correct.numpy(),
                sum(outcome.not_finite for outcome, _ in found),
                sum(outcome.forwards for outcome, _ in found),
                sum(outcome.backwards for outcome, _ in found),
                sum(seconds for _, seconds in found),
            )
    return results


def check_model(model: nn.Module, dataset: Dataset) -> None:
    """CrozeError when weights are not finite, or there are not as many logits as classes."""
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise CrozeError(f"The model's weights are not finite ({name}): its training diverged.")
    check_fits(model, dataset)
