"""The course of a training as a table, and as events for TensorBoard."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.files import write_text

COLUMNS = (
    "epoch",
    "loss",
    "train_clean",
    "train_adversarial",
    "validation_clean",
    "validation_adversarial",
    "lr",
)
"""Accuracies are shares; `lr` is that of the epoch's last step. What a recipe has not is empty."""


def write_csv(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """One row an epoch; raises CrozeError when the file cannot be written."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(path, text.getvalue())


def write_events(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """All epochs as TensorBoard scalars, anew: what was in the folder is replaced.

    Raises:
        CrozeError: without tensorboard.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise CrozeError("TensorBoard needs its package: pip install 'croze[track]'.") from None
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    writer = SummaryWriter(str(folder))
    for row in history:
        for key in COLUMNS[1:]:
            if row[key] is not None:
                writer.add_scalar(key, row[key], row["epoch"])
    writer.close()
