"""The bootstrap over architectures: how far a rank correlation moves when other architectures are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from croze.errors import CrozeError
from croze.stats.correlation import Floats, partial_correlation
from croze.stats.threads import one_thread
from croze.stats.weighted_ranks import WeightedRanks


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


def rank_correlations(samples: ArrayLike, left: int, counts: ArrayLike) -> Floats:
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
    weights = np.asarray(counts, dtype=np.float64)
    ranked = WeightedRanks(samples)
    with one_thread():
        return np.stack([ranked.spearman(weights[b], left) for b in range(len(weights))])


def bootstrap_spearman(
    proxies: ArrayLike,
    truths: ArrayLike,
    control: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Bootstrap:
    """Spearman's rho of every proxy with every truth column on resampled architectures.

    All proxies and columns see the same resamples, so figures may be subtracted resample by resample.

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
    m = len(columns)
    fixed = np.empty((0, n))
    if control is not None:
        fixed = np.asarray(control, dtype=np.float64).reshape(1, -1)
        if fixed.shape[1] != n:
            raise CrozeError(f"{n} architectures need a control of shape (n,), got {np.shape(control)}.")
    if n == 0:
        return _undefined(p, m, resamples, seed, partial=control is not None)

    ranked = WeightedRanks(np.concatenate([scores, fixed, columns]))
    left = p + len(fixed)
    pairs = np.empty((resamples + 1, left, left + m))
    with one_thread():
        pairs[0] = ranked.spearman(np.ones(n), left)
        for b, counts in enumerate(resample_counts(n, resamples, seed), start=1):
            pairs[b] = ranked.spearman(counts, left)

    rho = pairs[:, :p, left:]
    if control is None:
        return Bootstrap(rho[0], rho[1:], None, None, n, seed)
    partial = partial_correlation(rho, pairs[:, :p, p, None], pairs[:, p, None, left:])
    return Bootstrap(rho[0], rho[1:], partial[0], partial[1:], n, seed)


def _undefined(p: int, m: int, resamples: int, seed: int, *, partial: bool) -> Bootstrap:
    one, many = np.full((p, m), np.nan), np.full((resamples, p, m), np.nan)
    return Bootstrap(one, many, one if partial else None, many if partial else None, 0, seed)
