"""A NumPy archive (`np.savez`) with images `x` and labels `y`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.data.dataset import ArrayDataset, Images
from croze.data.guard import guarded
from croze.data.spec import Spec
from croze.errors import CrozeError

_MOST_CLASSES = 1_000_000


def open_npz(spec: Spec) -> ArrayDataset:
    """The images `x` and labels `y` of an archive; option `classes=COUNT`.

    `x` is uint8 with values 0..255 or floating-point with values in [0, 1] (rounded to 8 bits), of shape
    `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)` with 1 or 3 channels; grey is repeated to three channels.
    Where both four-dimensional readings are possible the one with square images is taken, and channels
    first when that decides nothing. `y` has shape `(N,)` and holds whole numbers.

    Raises:
        CrozeError: on a wrong spec, a damaged archive, a missing array, or arrays of another type, shape
            or range.
    """
    spec.allow("classes")
    path = spec.location("file")
    classes = spec.integer("classes", _MOST_CLASSES)
    x, y = _arrays(path)
    return ArrayDataset(_rgb(_eight_bit(x, path), path), y, classes, source=spec.text)


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


def _eight_bit(x: NDArray[Any], path: Path) -> Images:
    if x.dtype == np.uint8:
        return x
    if x.dtype.kind != "f":
        raise CrozeError(f"The images x of '{path}' must be uint8 0..255 or floats in [0, 1], got {x.dtype}.")
    # The comparison is written so that NaN fails it.
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise CrozeError(
            f"The floating-point images x of '{path}' must lie in [0, 1], got values from {x.min():g} to "
            f"{x.max():g}: divide by 255 or undo the normalisation."
        )
    return np.rint(x * 255.0).astype(np.uint8)


def _rgb(x: Images, path: Path) -> Images:
    """`(N, 3, H, W)` from any of the layouts."""
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and _channels_last(x.shape):
        x = np.moveaxis(x, -1, 1)
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise CrozeError(
            f"The images x of '{path}' must have shape (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 or 3 "
            f"channels, got {x.shape}."
        )
    return np.ascontiguousarray(np.broadcast_to(x, (len(x), 3, *x.shape[2:])))


def _channels_last(shape: tuple[int, ...]) -> bool:
    _, second, third, last = shape
    first_fits, last_fits = second in (1, 3), last in (1, 3)
    if first_fits and last_fits:
        return second == third and third != last
    return last_fits
