"""The weighted Kendall tau of Vigna (2015): exchanges among the best count most."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from croze.stats.correlation import MINIMUM, Floats, same_length, vector

ROWS = 4 * 2**20
"""Pairs that are compared at a time."""


def weighted_tau(x: ArrayLike, y: ArrayLike) -> float:
    """Weighted tau with hyperbolic weights that add up, as `scipy.stats.weightedtau` by default.

    An object at place r (0 for the largest) weighs 1 / (r + 1), a pair the sum of its two. The figure is the
    mean of that with places by x (ties by y) and that with places by y (ties by x), so x and y count alike.

    Args:
        x: values, shape `(n,)`.
        y: values of the same objects, shape `(n,)`.

    Returns:
        In [-1, 1]; NaN for a constant sample, fewer than three values, or a NaN among them.

    Raises:
        CrozeError: the samples are not one-dimensional or differ in length.
    """
    a, b = vector(x), vector(y)
    same_length(a, b)
    n = len(a)
    if n < MINIMUM or np.isnan(a).any() or np.isnan(b).any() or a.min() == a.max() or b.min() == b.max():
        return float("nan")
    agreement, in_a, in_b = _pairs(_dense(a), _dense(b))
    found = []
    for order in (np.lexsort((b, a)), np.lexsort((a, b))):
        weight = np.empty(n)
        weight[order[::-1]] = 1.0 / np.arange(1, n + 1)
        found.append(weight @ agreement / np.sqrt((weight @ in_a) * (weight @ in_b)))
    return float(np.clip(np.mean(found), -1.0, 1.0))


def _pairs(a: NDArray[np.int32], b: NDArray[np.int32]) -> tuple[Floats, Floats, Floats]:
    """By object: concordant less discordant others, others with another a, others with another b."""
    n = len(a)
    found = np.empty((3, n))
    step = max(1, ROWS // n)
    for start in range(0, n, step):
        sign_a = np.sign(a[start : start + step, None] - a)
        sign_b = np.sign(b[start : start + step, None] - b)
        for row, signs in zip(found, (sign_a * sign_b, sign_a != 0, sign_b != 0), strict=True):
            row[start : start + step] = signs.sum(axis=1)
    return found[0], found[1], found[2]


def _dense(values: Floats) -> NDArray[np.int32]:
    return np.unique(values, return_inverse=True)[1].astype(np.int32)
