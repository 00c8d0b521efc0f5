"""Rank correlations of two samples, and of two samples with others held fixed.

A correlation that does not exist (a constant sample, fewer than three values, a NaN among them) is NaN:
it is never replaced by a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray

from croze.errors import CrozeError

Floats = NDArray[np.float64]

MINIMUM = 3
"""Fewest values that a correlation is computed on: with two it can only be -1, 1 or undefined."""

NOTHING_LEFT = 1e-10
"""Share of a sample's variance below which the controls explain all of it."""


def ranks(x: ArrayLike) -> Floats:
    """Mid-ranks, 1 to n; tied values share the average of their places, as `scipy.stats.rankdata`.

    Args:
        x: values, shape `(n,)`; infinities have a rank, a NaN has none.

    Returns:
        Shape `(n,)`; all NaN where `x` contains a NaN, since its place among the others is unknown.

    Raises:
        CrozeError: `x` is not one-dimensional.
    """
    from scipy.stats import rankdata  # takes half a second to import

    return np.asarray(rankdata(_vector(x)), dtype=np.float64)


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Spearman's rho: Pearson's correlation of the mid-ranks, in [-1, 1]; NaN where undefined.

    Perfect agreement gives exactly 1.0 and perfect disagreement exactly -1.0.

    Args:
        x: values, shape `(n,)`.
        y: values of the same objects, shape `(n,)`.

    Raises:
        CrozeError: the samples are not one-dimensional or differ in length.
    """
    a, b = (_centred(values) for values in paired(x, y))
    if len(a) < MINIMUM:
        return float("nan")
    return float(correlation(a @ b, a @ a, b @ b))


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


def partial_given_all(xy: ArrayLike, xz: ArrayLike, yz: ArrayLike, zz: ArrayLike) -> Floats:
    """Partial correlations of x and y given all controls z, from pairwise correlations.

    The correlation of the residuals of x and of y after least squares on the controls. Controls that repeat
    each other change nothing: the projection is the same.

    Args:
        xy: of p scores with m truths, shape `(..., p, m)`.
        xz: of the scores with q controls, `(..., p, q)`.
        yz: of the truths with the controls, `(..., m, q)`.
        zz: of the controls among each other, `(..., q, q)`.

    Returns:
        Shape `(..., p, m)`, in [-1, 1]; NaN where a correlation is NaN, or where the controls leave less than
        1e-10 of the variance of x or of y. A control that is constant (NaN) leaves everything NaN.
    """
    xy, xz, yz, zz = (np.asarray(r, dtype=np.float64) for r in (xy, xz, yz, zz))
    broken = np.asarray(np.isnan(zz).any(axis=(-2, -1)))
    inverse = np.linalg.pinv(np.where(broken[..., None, None], np.eye(zz.shape[-1]), zz), hermitian=True)
    left = 1 - np.einsum("...pq,...qr,...pr->...p", xz, inverse, xz)
    right = 1 - np.einsum("...mq,...qr,...mr->...m", yz, inverse, yz)
    shared = np.einsum("...pq,...qr,...mr->...pm", xz, inverse, yz)
    defined = (left[..., :, None] > NOTHING_LEFT) & (right[..., None, :] > NOTHING_LEFT)
    scale = np.sqrt(np.where(defined, left[..., :, None] * right[..., None, :], 1.0))
    partial = np.clip((xy - shared) / scale, -1.0, 1.0)
    return np.where(defined & ~broken[..., None, None], partial, np.nan)


def _centred(x: ArrayLike) -> Floats:
    # Twice the mid-rank minus (n + 1) is a whole number, so sums of products are exact (up to n of about
    # 200,000): a perfect correlation comes out as exactly 1, and a constant sample as exactly 0/0.
    mid = ranks(x)
    return 2 * mid - (len(mid) + 1)


def paired(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Two samples as arrays; refused where they cannot belong to the same objects."""
    a, b = _vector(x), _vector(y)
    if len(a) != len(b):
        raise CrozeError(
            f"A correlation needs two samples of equal length, got {len(a)} and {len(b)}: "
            "pair the values object by object first."
        )
    return a, b


def _vector(x: ArrayLike) -> Floats:
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1:
        raise CrozeError(f"Ranks need a sample of shape (n,), got shape {values.shape}.")
    return values


@contextmanager
def one_thread() -> Iterator[None]:
    """NumPy's matrix products on one thread while this lasts; as before afterwards.

    A bootstrap multiplies thousands of small matrices. Where other processes use the cores too, the threads
    of such a product find no core free and the whole takes hundreds of times as long.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
