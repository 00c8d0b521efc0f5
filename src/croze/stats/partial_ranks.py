"""Partial rank correlations given several controls at once: the correlation of what their ranks leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from croze.errors import CrozeError
from croze.stats.correlation import Floats, spearman

NOTHING_LEFT = 1e-10
"""Share of a sample's variance below which the controls explain all of it."""


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


def partial_spearman_given(x: ArrayLike, y: ArrayLike, given: ArrayLike) -> float:
    """Spearman's partial rho of `x` and `y` with the ranks of several controls held fixed, in [-1, 1].

    Args:
        x: values, shape `(n,)`.
        y: values of the same objects, shape `(n,)`.
        given: the controls, shape `(q, n)`, q at least 1.

    Returns:
        NaN where undefined; see `partial_given_all`.

    Raises:
        CrozeError: shapes that do not fit together.
    """
    controls = np.asarray(given, dtype=np.float64)
    if controls.ndim != 2 or len(controls) == 0:
        raise CrozeError(f"A partial correlation needs controls of shape (q, n), got {controls.shape}.")
    pairs = [[spearman(a, b) for b in (y, *controls)] for a in (x, y, *controls)]
    rho = np.array(pairs)
    return float(partial_given_all(rho[:1, :1], rho[:1, 1:], rho[1:2, 1:], rho[2:, 1:])[0, 0])
