"""Labels as every data set keeps them: whole numbers from 0 to classes - 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError

_LARGEST = int(np.iinfo(np.int64).max)


def integer_labels(values: Any, where: str) -> NDArray[np.int64]:
    """A fresh int64 array `(N,)` of `values`, an integer array or a sequence of whole numbers.

    Args:
        values: the labels; no number is rounded, and booleans do not count as numbers.
        where: the data set or file, for the error.

    Raises:
        CrozeError: when they are not whole numbers, do not fit 64 bits or are not one-dimensional.
    """
    if not isinstance(values, np.ndarray):
        # Checked one by one: NumPy would turn [1, 2.5] into floats and unfold lists within lists.
        if not isinstance(values, list | tuple):
            raise CrozeError(f"Labels of {where} must be a list or an array, got {type(values).__name__}.")
        for position, value in enumerate(values):
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise CrozeError(
                    f"Labels of {where} must be whole numbers, image {position} has one of type "
                    f"{type(value).__name__}: number the classes from 0."
                )
            _check_fits(int(value), where)
        return np.array(values, dtype=np.int64)
    if values.dtype.kind not in "iu":
        raise CrozeError(
            f"Labels of {where} must be whole numbers, got an array of {values.dtype}: "
            "number the classes from 0."
        )
    if values.ndim != 1:
        raise CrozeError(
            f"Labels of {where} must have shape (N,), got {values.shape}: give one class number per image."
        )
    if values.size:
        _check_fits(int(values.max()), where)
    return values.astype(np.int64)


def count_classes(labels: NDArray[np.int64], classes: int | None, where: str) -> int:
    """The number of classes: `classes` where it is given, else the highest label + 1.

    Raises:
        CrozeError: when there are no labels, or one is negative or not below `classes`.
    """
    if not len(labels):
        raise CrozeError(f"There are no images in {where}: give a data set with at least one.")
    highest = int(labels.max())
    if classes is None:
        _check_fits(highest + 1, where)
        classes = max(highest + 1, 1)
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        first = int(wrong[0])
        raise CrozeError(
            f"Labels of {where} must lie in 0..{classes - 1}, image {first} has {int(labels[first])}: "
            "number the classes from 0 and give the right number of classes."
        )
    return classes


def _check_fits(value: int, where: str) -> None:
    if not -_LARGEST <= value <= _LARGEST:
        raise CrozeError(
            f"Labels of {where} must fit 64 bits, got a larger number: number the classes from 0."
        )
