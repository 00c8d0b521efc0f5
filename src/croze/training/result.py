"""What a training came to: as data, as a table of its epochs, as a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from croze.reporting.chart import save
from croze.reporting.palette import INK, SERIES
from croze.training import Recipe, Trained
from croze.training.network import NetworkSpec

SHOWN = 12
"""Epochs in the table: the last ones, and the best."""

_COLUMNS = {
    "loss": "loss",
    "train_clean": "train clean",
    "train_adversarial": "train adv.",
    "validation_clean": "val. clean",
    "validation_adversarial": "val. adv.",
}


def training_json(
    found: Trained,
    subject: NetworkSpec,
    recipe: Recipe,
    data: str,
    images: int,
    seed: int,
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """JSON-ready; accuracies are shares in [0, 1]."""
    return {
        "network": subject.to_json(),
        "recipe": recipe.to_json(),
        "data": data,
        "images": images,
        "seed": seed,
        "best_epoch": found.epoch,
        "best": found.history[found.epoch - 1],
        "history": found.history,
        "seconds": found.seconds,
        "provenance": dict(provenance),
    }


def epoch_line(last: Mapping[str, Any] | None, loss: float) -> str:
    """Behind the progress bar: the loss of the step, and the accuracies after the last epoch."""
    parts = [f"loss {loss:.3f}"]
    if last is not None:
        parts.append(f"clean {last['validation_clean']:.1%}")
        if last["validation_adversarial"] is not None:
            parts.append(f"adversarial {last['validation_adversarial']:.1%}")
    return "  ".join(parts)


def training_table(found: Trained, title: str) -> Table:
    """For the terminal: the last epochs and the best."""
    table = Table(title=title, title_justify="left")
    table.add_column("epoch", justify="right")
    columns = [key for key in _COLUMNS if any(row[key] is not None for row in found.history)]
    for key in columns:
        table.add_column(_COLUMNS[key], justify="right")
    table.add_column("")
    for row in found.history:
        best = row["epoch"] == found.epoch
        if row["epoch"] <= len(found.history) - SHOWN and not best:
            continue
        figures = [f"{row[k]:.4f}" if k == "loss" else f"{row[k]:.1%}" for k in columns]
        table.add_row(str(row["epoch"]), *figures, "kept" if best else "")
    return table


def draw_curve(history: Sequence[Mapping[str, Any]], path: Path, title: str) -> None:
    """Loss, and accuracies in percent, over the epochs.

    Raises:
        CrozeError: when the file cannot be written.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    marker = "o" if len(history) < 30 else ""
    left.plot(epochs, [row["loss"] for row in history], marker=marker, color=INK)
    left.set(xlabel="epoch", ylabel="training loss")
    for colour, (key, label) in zip(SERIES[1:], list(_COLUMNS.items())[1:], strict=False):
        values = [row[key] for row in history]
        if any(value is not None for value in values):
            right.plot(epochs, [100 * v for v in values], marker=marker, color=colour, label=label)
    right.set(xlabel="epoch", ylabel="accuracy, %")
    right.legend(frameon=False)
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.suptitle(title if len(title) < 90 else f"{title[:87]}...", fontsize=10)
    save(figure, path)
