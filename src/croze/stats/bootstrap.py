"""The bootstrap over architectures: how far a statistic moves when others are drawn, and intervals of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from croze.errors import CrozeError
from croze.stats.correlation import Floats, one_thread
from croze.stats.weighted_ranks import WeightedRanks

UNDEFINED_LIMIT = 0.05
"""Largest share of undefined resamples that an interval may ignore; with more there is no interval."""


def drawn_counts(n: int, resamples: int, seed: int) -> Floats:
    """How often each of n objects counts: as given, and in every resample of n objects with replacement.

    Returns:
        Shape `(1 + resamples, n)`, whole numbers that add up to n; the first row is all ones. The same
        arguments give the same rows, and more resamples the same ones first.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    counts = np.ones((1 + resamples, n))
    for row in counts[1:]:
        row[:] = np.bincount(rng.integers(n, size=n), minlength=n)
    return counts


def rank_correlations(samples: ArrayLike, left: int, counts: Floats) -> Floats:
    """Spearman's rho of the first `left` samples with all, under every set of multiplicities.

    Args:
        samples: shape `(k, n)`, without NaN.
        left: number of samples, from the first, that are correlated with all.
        counts: how often each object counts, shape `(B, n)`.

    Returns:
        Shape `(B, left, k)`; NaN where undefined.

    Raises:
        CrozeError: as `WeightedRanks`.
    """
    ranked = WeightedRanks(samples)
    with one_thread():
        return np.stack([ranked.spearman(weights, left) for weights in counts])


def bootstrap_spearman(
    scores: ArrayLike, truths: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> Floats:
    """Spearman's rho of every score with every truth column, as given and on resampled architectures.

    All scores and columns see the same resamples, so values may be subtracted resample by resample.

    Args:
        scores: shape `(p, n)`, without NaN: leave failed architectures out of every row first.
        truths: truth columns, shape `(m, n)`.
        resamples: B, at least 1.
        seed: the seed of the resamples.

    Returns:
        Shape `(1 + B, p, m)`, the rhos as given first; NaN where undefined.

    Raises:
        CrozeError: shapes that do not fit together, a NaN, or no resamples.
    """
    x, y = (np.asarray(values, dtype=np.float64) for values in (scores, truths))
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise CrozeError(f"The bootstrap needs scores (p, n) and truths (m, n), got {x.shape} and {y.shape}.")
    if resamples < 1:
        raise CrozeError(f"The bootstrap needs at least one resample, got {resamples}.")
    (p, n), m = x.shape, len(y)
    if n == 0:
        return np.full((1 + resamples, p, m), np.nan)
    return rank_correlations(np.concatenate([x, y]), p, drawn_counts(n, resamples, seed))[:, :, p:]


def percentile_interval(resampled: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """The central interval that holds `level` of the resampled values (Efron's percentile interval).

    Args:
        resampled: values, shape `(B, ...)`, NaN where a resample leaves the value undefined.
        level: in (0, 1).

    Returns:
        The low and the high ends, shape `(...)` each. Undefined resamples are ignored as long as they are at
        most 5% of B; beyond that both ends are NaN.

    Raises:
        CrozeError: no resamples, or a level outside (0, 1).
    """
    values = np.asarray(resampled, dtype=np.float64)
    if values.ndim == 0 or len(values) == 0:
        raise CrozeError(f"An interval needs resampled values of shape (B, ...), got {values.shape}.")
    if not 0.0 < level < 1.0:
        raise CrozeError(f"The level of an interval lies between 0 and 1 (0.95 is usual), got {level:g}.")
    flat = values.reshape(len(values), -1)
    undefined = np.isnan(flat).mean(axis=0)
    tail = (1.0 - level) / 2.0
    ends = np.full((2, flat.shape[1]), np.nan)
    # columns one by one where something is left out, all at once where nothing is: many times faster
    whole, some = undefined == 0, (undefined > 0) & (undefined <= UNDEFINED_LIMIT)
    for columns, quantile in ((whole, np.quantile), (some, np.nanquantile)):
        if columns.any():
            ends[:, columns] = quantile(flat[:, columns], [tail, 1.0 - tail], axis=0)
    low, high = ends.reshape(2, *values.shape[1:])
    return low, high
