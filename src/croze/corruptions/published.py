"""Reads corrupted data sets: CIFAR-10-C as published, and those that `write_set` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.layout import images_of, labels_of, rows_of
from croze.corruptions.names import CORRUPTIONS, SEVERITIES, Corruption
from croze.errors import CrozeError


def read_set(folder: str | Path, name: str, severity: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The images of one corruption at one severity, and their labels.

    The images stay in the file and are read where they are looked at.

    Args:
        folder: with `<corruption>.npy` and `labels.npy`.
        name: out of `CORRUPTIONS`, or short.
        severity: 1 to 5.

    Returns:
        Read-only uint8 `(N, 3, H, W)`, and int64 `(N,)`.

    Raises:
        CrozeError: for another name or severity, a file that is missing or cannot be read, or one of
        another shape.
    """
    wanted, folder = Corruption(name, severity), Path(folder)
    if not folder.is_dir():
        raise CrozeError(f"There is no folder {folder} with a corrupted data set: check the path.")
    path, path_of_labels = images_of(folder, wanted.name), labels_of(folder)
    if not path.exists():
        there = ", ".join(name for name in CORRUPTIONS if images_of(folder, name).exists())
        raise CrozeError(f"{folder} has no {path.name}; the corruptions there are {there or 'none'}.")
    images, labels = _loaded(path), _loaded(path_of_labels)
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or 0 in images.shape:
        raise CrozeError(
            f"{path} should hold uint8 images of shape (5 * N, H, W, 3), "
            f"got {images.dtype} of shape {images.shape}."
        )
    if len(images) % len(SEVERITIES):
        raise CrozeError(
            f"{path} should hold as many images at each of {len(SEVERITIES)} severities, "
            f"got {len(images)} in all."
        )
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
        raise CrozeError(
            f"{path_of_labels} should hold a whole number for each of the {len(images)} images of "
            f"{path.name}, got {labels.dtype} of shape {labels.shape}."
        )
    rows = rows_of(wanted.severity, len(images))
    return images[rows].transpose(0, 3, 1, 2), np.asarray(labels[rows], dtype=np.int64)


def _loaded(path: Path) -> NDArray[Any]:
    try:
        loaded: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise CrozeError(
            f"{path.parent} has no {path.name}, which belongs to a corrupted data set."
        ) from None
    except (OSError, ValueError, EOFError) as problem:
        raise CrozeError(f"{path} is no NumPy array that can be read ({problem}).") from None
    return loaded
