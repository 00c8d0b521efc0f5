"""Batches of images in the pickle format of CIFAR, which the small ImageNets share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from croze.data.dataset import Images, Indices
from croze.data.labels import integer_labels
from croze.data.spec import Spec
from croze.data.unpickle import load_pickle
from croze.errors import CrozeError


def batch_folder(spec: Spec, usual: str) -> Path:
    """The folder that the spec names, or the one called `usual` inside it.

    Raises:
        CrozeError: when the spec names no existing folder.
    """
    folder = spec.folder()
    inner = folder / usual
    return inner if os.path.isdir(inner) else folder


def read_batches(folder: Path, names: Sequence[str], key: str, side: int) -> tuple[Images, Indices]:
    """The images and labels of the batch files `names`, one after the other.

    Args:
        folder: where the files are.
        names: the files to read; all must exist.
        key: the name of the labels in each file.
        side: height and width of the images in pixels.

    Returns:
        Images, uint8 `(N, 3, side, side)`, and labels, int64 `(N,)`, as they are in the files.

    Raises:
        CrozeError: naming the file that is missing, damaged or of another form.
    """
    for name in names:
        if not os.path.isfile(folder / name):
            raise CrozeError(
                f"The file '{name}' is missing in '{folder}': give the folder that has {_listing(names)}."
            )
    parts = [_read_batch(folder / name, key, side) for name in names]
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


def _read_batch(path: Path, key: str, side: int) -> tuple[Images, Indices]:
    content = load_pickle(path)
    for needed in ("data", key):
        if needed not in content:
            raise CrozeError(
                f"The batch '{path}' has no entry '{needed}', it has {', '.join(sorted(content)) or 'none'}: "
                "check that it belongs to this data set."
            )
    pixels, labels = content["data"], integer_labels(content[key], f"'{path}'")
    width = 3 * side * side
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (width,):
        is_array = isinstance(pixels, np.ndarray)
        got = f"{pixels.dtype} of shape {pixels.shape}" if is_array else type(pixels).__name__
        raise CrozeError(f"The entry 'data' of '{path}' must be uint8 of shape (N, {width}), got {got}.")
    if len(pixels) != len(labels):
        raise CrozeError(
            f"The batch '{path}' has {len(pixels)} images and {len(labels)} labels: download it again."
        )
    return pixels.reshape(-1, 3, side, side), labels


def _listing(names: Sequence[str]) -> str:
    return f"'{names[0]}'" if len(names) == 1 else f"'{names[0]}' to '{names[-1]}'"
