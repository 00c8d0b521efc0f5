"""The bootstrap over architectures: how far a statistic moves when others are drawn, and intervals of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from croze.errors import CrozeError
from croze.stats.correlation import Floats, partial_correlation
from croze.stats.threads import one_thread
from croze.stats.weighted_ranks import WeightedRanks

UNDEFINED_LIMIT = 0.05
"""Largest share of undefined resamples that an interval may ignore; with more there is no interval."""


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Correlations of p proxies with m truth columns: on the architectures as given, and on every resample.

    Attributes:
        rho: Spearman's rho as given, shape `(p, m)`.
        resampled: the same on each of the B resamples, `(B, p, m)`; NaN where a resample leaves it undefined.
        partial: partial rho given the control as given, `(p, m)`; None without a control.
        resampled_partial: the same on each resample, `(B, p, m)`; None without a control.
        n: number of architectures.
        seed: the seed of the resamples.
    """

    rho: Floats
    resampled: Floats
    partial: Floats | None
    resampled_partial: Floats | None
    n: int
    seed: int

    @property
    def resamples(self) -> int:
        """B, the number of resamples."""
        return len(self.resampled)


def resample_counts(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each of n objects is drawn, for every resample of n objects with replacement.

    Yields:
        Shape `(n,)`, whole numbers that add up to n; the same sequence for the same arguments.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    for _ in range(resamples):
        yield np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)


def drawn_counts(n: int, resamples: int, seed: int) -> Floats:
    """The objects as they are and the same resamples as `resample_counts`, as one array.

    Returns:
        Shape `(1 + resamples, n)`; the first row is all ones.
    """
    return np.stack([np.ones(n), *resample_counts(n, resamples, seed)])


def rank_correlations(samples: ArrayLike, left: int, counts: Sequence[Floats] | Floats) -> Floats:
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
    proxies: ArrayLike,
    truths: ArrayLike,
    control: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Bootstrap:
    """Spearman's rho of every proxy with every truth column on resampled architectures.

    All proxies and columns see the same resamples, so values may be subtracted resample by resample.

    Args:
        proxies: scores, shape `(p, n)`, without NaN: leave failed architectures out of every row first.
        truths: truth columns, shape `(m, n)`.
        control: what the partial correlation holds fixed, shape `(n,)`; None leaves it out.
        resamples: B, at least 1.
        seed: the seed of the resamples.

    Raises:
        CrozeError: shapes that do not fit together, a NaN, or no resamples.
    """
    scores, columns = (np.asarray(values, dtype=np.float64) for values in (proxies, truths))
    if scores.ndim != 2 or columns.ndim != 2 or scores.shape[1] != columns.shape[1]:
        raise CrozeError(
            f"The bootstrap needs proxies (p, n) and truths (m, n), got {scores.shape} and {columns.shape}."
        )
    if resamples < 1:
        raise CrozeError(f"The bootstrap needs at least one resample, got {resamples}.")
    p, n = scores.shape
    fixed = np.empty((0, n))
    if control is not None:
        fixed = np.asarray(control, dtype=np.float64).reshape(1, -1)
        if fixed.shape[1] != n:
            raise CrozeError(f"{n} architectures need a control of shape (n,), got {np.shape(control)}.")
    left = p + len(fixed)
    if n == 0:
        pairs = np.full((resamples + 1, left, left + len(columns)), np.nan)
    else:
        stacked = np.concatenate([scores, fixed, columns])
        pairs = rank_correlations(stacked, left, [np.ones(n), *resample_counts(n, resamples, seed)])
    rho = pairs[:, :p, left:]
    if control is None:
        return Bootstrap(rho[0], rho[1:], None, None, n, seed)
    partial = partial_correlation(rho, pairs[:, :p, p, None], pairs[:, p, None, left:])
    return Bootstrap(rho[0], rho[1:], partial[0], partial[1:], n, seed)


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
