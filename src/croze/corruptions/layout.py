"""The files of a corrupted data set, as CIFAR-10-C has them."""

from __future__ import annotations

from pathlib import Path

from croze.corruptions.names import SEVERITIES

LABELS = "labels.npy"


def images_of(folder: Path, name: str) -> Path:
    """The images of a corruption: uint8 `(5 * N, H, W, 3)`, severity 1 first."""
    return folder / f"{name}.npy"


def labels_of(folder: Path) -> Path:
    """The labels of every such file: `(5 * N,)`, the N labels five times."""
    return folder / LABELS


def rows_of(severity: int, images: int) -> slice:
    """Where a severity lies in files of so many images."""
    share = images // len(SEVERITIES)
    return slice((severity - 1) * share, severity * share)
