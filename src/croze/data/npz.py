"""A NumPy archive (`np.savez`) with images `x` and labels `y`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.data.dataset import ArrayDataset, Images
from croze.data.guard import guarded
from croze.data.spec import Spec
from croze.data.values import eight_bit
from croze.errors import CrozeError

_MOST_CLASSES = 1_000_000
CHANNELS = (1, 3, 4)


def open_npz(spec: Spec) -> ArrayDataset:
    """The images `x` and labels `y` of an archive; options `classes=COUNT`, `channels=COUNT`.

    `x` is uint8 with values 0..255 or floating-point with values in [0, 1] (rounded to 8 bits), of shape
    `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)` with 1, 3 or 4 channels; `channels=3` repeats a single one.
    Where both four-dimensional readings are possible the one with square images is taken, and channels
    first when that decides nothing. `y` has shape `(N,)` and holds whole numbers.

    Raises:
        CrozeError: on a wrong spec, a damaged archive, a missing array, or arrays of another type, shape
            or range.
    """
    spec.allow("classes", "channels")
    path = spec.location("file")
    classes, channels = spec.integer("classes", _MOST_CLASSES), spec.integer("channels", max(CHANNELS))
    x, y = _arrays(path)
    images = _channels_first(eight_bit(x, f"The images x of '{path}'"), path)
    if channels not in (None, images.shape[1]):
        if images.shape[1] != 1:
            raise CrozeError(f"The images x of '{path}' have {images.shape[1]} channels, not {channels}.")
        images = np.repeat(images, channels, axis=1)
    return ArrayDataset(np.ascontiguousarray(images), y, classes, source=spec.text)


def _arrays(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    sentence = f"Cannot read '{path}' as a NumPy archive of plain arrays, save it again with np.savez"
    # Opened here, because np.load leaves its own file open when the archive is damaged.
    with guarded(sentence), path.open("rb") as stream:
        content = np.load(stream, allow_pickle=False)
        if not isinstance(content, np.lib.npyio.NpzFile):
            raise CrozeError(
                f"The file '{path}' holds a single array: save both with np.savez(PATH, x=..., y=...)."
            )
        with content:
            for name in ("x", "y"):
                if name not in content:
                    raise CrozeError(
                        f"The archive '{path}' has no array '{name}', it has "
                        f"{', '.join(content.files) or 'none'}: name the images x and the labels y."
                    )
            return content["x"], content["y"]


def _channels_first(x: Images, path: Path) -> Images:
    """`(N, C, H, W)` from any of the layouts."""
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and _channels_last(x.shape):
        x = np.moveaxis(x, -1, 1)
    if x.ndim != 4 or x.shape[1] not in CHANNELS:
        raise CrozeError(
            f"The images x of '{path}' must have shape (N, H, W), (N, H, W, C) or (N, C, H, W) with "
            f"1, 3 or 4 channels, got {x.shape}."
        )
    return x


def _channels_last(shape: tuple[int, ...]) -> bool:
    _, second, third, last = shape
    first_fits, last_fits = second in CHANNELS, last in CHANNELS
    if first_fits and last_fits:
        return second == third and third != last
    return last_fits
