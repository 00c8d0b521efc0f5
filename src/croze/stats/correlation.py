"""Rank correlations of two samples, and of two samples with a third one held fixed.

A correlation that does not exist (a constant sample, fewer than three values, a NaN among them) is NaN:
it is never replaced by a number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from croze.errors import CrozeError

Floats = NDArray[np.float64]

MINIMUM = 3
"""Fewest values that a correlation is computed on: with two it can only be -1, 1 or undefined."""


def ranks(x: ArrayLike) -> Floats:
    """Mid-ranks, 1 to n; tied values share the average of their places, as `scipy.stats.rankdata`.

    Args:
        x: values, shape `(n,)`; infinities have a rank, a NaN has none.

    Returns:
        Shape `(n,)`; all NaN where `x` contains a NaN, since its place among the others is unknown.

    Raises:
        CrozeError: `x` is not one-dimensional.
    """
    values = vector(x)
    if np.isnan(values).any():
        return np.full(len(values), np.nan)
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle = last - (counts - 1) / 2
    return np.asarray(middle[group], dtype=np.float64)


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Spearman's rho: Pearson's correlation of the mid-ranks, in [-1, 1]; NaN where undefined.

    Perfect agreement gives exactly 1.0 and perfect disagreement exactly -1.0.

    Args:
        x: values, shape `(n,)`.
        y: values of the same objects, shape `(n,)`.

    Raises:
        CrozeError: the samples are not one-dimensional or differ in length.
    """
    a, b = _centred(x), _centred(y)
    same_length(a, b)
    if len(a) < MINIMUM:
        return float("nan")
    return float(correlation(a @ b, a @ a, b @ b))


def partial_spearman(x: ArrayLike, y: ArrayLike, given: ArrayLike) -> float:
    """Spearman's partial rho of `x` and `y` with the ranks of `given` held fixed, in [-1, 1].

    `(r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2))` from the three pairwise rhos. NaN where undefined:
    one of the three is constant, or `given` orders the objects exactly as `x` or `y` does (nothing is left).

    Args:
        x: values, shape `(n,)`.
        y: values of the same objects, shape `(n,)`.
        given: what is held fixed, shape `(n,)`.

    Raises:
        CrozeError: the samples are not one-dimensional or differ in length.
    """
    return float(partial_correlation(spearman(x, y), spearman(x, given), spearman(y, given)))


def correlation(product: ArrayLike, square_x: ArrayLike, square_y: ArrayLike) -> Floats:
    """`product / sqrt(square_x * square_y)`, elementwise; NaN where a square is 0 (a constant sample).

    Args:
        product: sums of products of centred ranks, of a shape that broadcasts with the others.
        square_x: sums of squares of the one sample's centred ranks.
        square_y: sums of squares of the other's.
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(product / np.sqrt(np.multiply(square_x, square_y)), dtype=np.float64)


def partial_correlation(xy: ArrayLike, xz: ArrayLike, yz: ArrayLike) -> Floats:
    """The partial correlation of x and y given z, elementwise, from the three pairwise correlations.

    NaN where `xz` or `yz` is exactly -1 or 1, or one of the three is NaN.
    """
    xy, xz, yz = (np.asarray(r, dtype=np.float64) for r in (xy, xz, yz))
    remaining = (1 - xz) * (1 + xz) * (1 - yz) * (1 + yz)
    defined = remaining > 0
    partial = (xy - xz * yz) / np.sqrt(np.where(defined, remaining, 1.0))
    return np.where(defined, np.clip(partial, -1.0, 1.0), np.nan)


def _centred(x: ArrayLike) -> Floats:
    # Twice the mid-rank minus (n + 1) is a whole number, so sums of products are exact (up to n of about
    # 200,000): a perfect correlation comes out as exactly 1, and a constant sample as exactly 0/0.
    mid = ranks(x)
    return 2 * mid - (len(mid) + 1)


def vector(x: ArrayLike) -> Floats:
    """The sample as an array; refused when it is not one-dimensional."""
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1:
        raise CrozeError(f"Ranks need a sample of shape (n,), got shape {values.shape}.")
    return values


def same_length(a: Floats, b: Floats) -> None:
    """Refuses samples that cannot belong to the same objects."""
    if len(a) != len(b):
        raise CrozeError(
            f"A correlation needs two samples of equal length, got {len(a)} and {len(b)}: "
            "pair the values object by object first."
        )
