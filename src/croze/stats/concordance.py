"""Kendall's tau-b, also of samples whose objects count several times, and Vigna's weighted tau.

Under multiplicities tau-b is exact, for many of them at once.

Objects are put in the order of x (equal x in the order of y); tau-b then needs the number of inversions of y.
These are counted as merge sort does: inside blocks directly, then between the halves of ever larger blocks.
The order is that of the distinct values whatever the multiplicities, so it is found once for all resamples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from croze.errors import CrozeError
from croze.stats.correlation import MINIMUM, Floats, one_thread, paired

Indices = NDArray[np.intp]

BLOCK = 64
"""Most objects whose pairs are compared one by one; larger blocks are merged."""

EXACT = 2**24
"""Whole numbers up to here are exact in float32."""

CACHED = 4 * 2**20
"""Bytes of multiplicities that are worked on at a time."""


def kendall_under(scores: ArrayLike, truths: ArrayLike, counts: ArrayLike) -> Floats:
    """Kendall's tau-b of every score with every truth, under every set of multiplicities.

    Equals `scipy.stats.kendalltau(variant="b")` on the samples written out in full, object i `counts[b, i]`
    times.

    Args:
        scores: shape `(p, n)`, without NaN.
        truths: shape `(m, n)`, without NaN.
        counts: how often each object counts, shape `(B, n)`, whole numbers of at least 0.

    Returns:
        Shape `(B, p, m)`; NaN where a sample is constant over the objects that count, or fewer than three
        count.

    Raises:
        CrozeError: shapes that do not fit together, or a NaN.
    """
    x, y, weights = (np.asarray(values, dtype=np.float64) for values in (scores, truths, counts))
    if x.ndim != 2 or y.ndim != 2 or weights.ndim != 2 or not x.shape[1] == y.shape[1] == weights.shape[1]:
        raise CrozeError(
            "Kendall's tau needs scores (p, n), truths (m, n) and counts (B, n), "
            f"got {x.shape}, {y.shape} and {weights.shape}."
        )
    if np.isnan(x).any() or np.isnan(y).any():
        raise CrozeError("A NaN has no place in an order: leave that object out of every sample first.")
    tau = np.full((len(weights), len(x), len(y)), np.nan)
    n = x.shape[1]
    if n == 0:
        return tau
    x_levels, y_levels = ([_levels(row) for row in rows] for rows in (x, y))
    largest = float(weights.sum(axis=1).max(initial=0.0))
    kind: type[np.floating] = np.float32 if largest * largest / 2 < EXACT else np.float64
    step = max(64, CACHED // (n * np.dtype(kind).itemsize))
    with one_thread():
        for start in range(0, len(weights), step):
            part: NDArray[np.floating] = weights[start : start + step].T.astype(kind, order="C")
            x_ties, y_ties = ([_tied(part, row) for row in rows] for rows in (x_levels, y_levels))
            for i in range(len(x)):
                for j in range(len(y)):
                    tau[start : start + step, i, j] = _tau(
                        part, x_levels[i], y_levels[j], x_ties[i], y_ties[j]
                    )
    return tau


def kendall(x: ArrayLike, y: ArrayLike) -> float:
    """Kendall's tau-b (ties corrected), in [-1, 1]; NaN where undefined.

    Args:
        x: values, shape `(n,)`.
        y: values of the same objects, shape `(n,)`.

    Raises:
        CrozeError: the samples are not one-dimensional or differ in length.
    """
    a, b = paired(x, y)
    if len(a) < MINIMUM or np.isnan(a).any() or np.isnan(b).any():
        return float("nan")
    from scipy.stats import kendalltau  # takes half a second to import

    return float(kendalltau(a, b).statistic)


def weighted_tau(x: ArrayLike, y: ArrayLike) -> float:
    """Vigna's (2015) weighted tau, in which exchanges among the best count most.

    An object at place r (0 for the largest) weighs 1 / (r + 1), a pair the sum of its two. The value is the
    mean of that with places by x (ties by y) and that with places by y (ties by x), so x and y count alike.

    Args:
        x: values, shape `(n,)`.
        y: values of the same objects, shape `(n,)`.

    Returns:
        In [-1, 1]; NaN for a constant sample, fewer than three values, or a NaN among them.

    Raises:
        CrozeError: the samples are not one-dimensional or differ in length.
    """
    a, b = paired(x, y)
    if len(a) < MINIMUM or np.isnan(a).any() or np.isnan(b).any() or a.min() == a.max() or b.min() == b.max():
        return float("nan")
    from scipy.stats import weightedtau  # takes half a second to import

    return float(np.clip(weightedtau(a, b).statistic, -1.0, 1.0))


def _levels(values: Floats) -> Indices:
    """The place of each value among the distinct ones, 0 for the smallest."""
    return np.unique(values, return_inverse=True)[1]


def _tied(weights: NDArray[np.floating], levels: Indices) -> Floats:
    """Number of pairs of equal value, `(B,)`, in multiplicities `(n, B)`."""
    order = np.argsort(levels, kind="stable")
    opens = np.flatnonzero(np.diff(levels[order], prepend=-1))
    sizes = weights if len(opens) == len(levels) else np.add.reduceat(weights[order], opens, axis=0)
    # the square of a large group is beyond what float32 holds exactly
    squares = np.einsum("ij,ij->j", sizes, sizes, dtype=np.float64)
    return np.asarray((squares - sizes.sum(axis=0, dtype=np.float64)) / 2, dtype=np.float64)


def _tau(weights: NDArray[np.floating], x: Indices, y: Indices, x_ties: Floats, y_ties: Floats) -> Floats:
    order = np.lexsort((y, x))
    placed, ranks = weights.take(order, axis=0), y[order]
    total = placed.sum(axis=0, dtype=np.float64)
    pairs = total * (total - 1) / 2
    both = _tied(weights, _levels(np.asarray(x * (int(y.max()) + 1) + y, dtype=np.float64)))
    excess = pairs - x_ties - y_ties + both - 2 * _inversions(placed, ranks)
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = excess / np.sqrt((pairs - x_ties) * (pairs - y_ties))
    defined = (total >= MINIMUM) & (pairs > x_ties) & (pairs > y_ties)
    return np.where(defined, np.clip(tau, -1.0, 1.0), np.nan)


def _inversions(weights: NDArray[np.floating], ranks: Indices) -> Floats:
    """Number of pairs whose first stands before the second and has the larger rank, `(B,)`."""
    n, columns = weights.shape
    merges = 0
    while n > BLOCK << merges:
        merges += 1
    size = -(-n // (1 << merges))
    blocks = 1 << merges
    padded = np.zeros((blocks * size, columns), dtype=weights.dtype)
    padded[:n] = weights
    # what is padded counts 0 times, so its rank does not matter
    places = np.zeros(blocks * size, dtype=np.intp)
    places[:n] = ranks
    inside = places.reshape(blocks, size)
    larger = np.triu(inside[:, :, None] > inside[:, None, :]).astype(weights.dtype)
    grouped = padded.reshape(blocks, size, columns)
    found = _products(grouped, larger @ grouped)
    while blocks > 1:
        blocks, half = blocks // 2, size
        size *= 2
        found += _between(padded.reshape(blocks, 2, half, columns), places.reshape(blocks, 2, half))
    return found


def _between(weights: NDArray[np.floating], places: Indices) -> Floats:
    """Inversions between the two halves of each block, `(B,)`."""
    blocks, _, half, columns = weights.shape
    left, right = places[:, 0], places[:, 1]
    # whole rows are copied: far quicker than an index with an entry for every number
    rows = weights.reshape(-1, columns)
    first = 2 * half * np.arange(blocks)[:, None]
    before = np.zeros((blocks, half + 1, columns), dtype=weights.dtype)
    descending = first + np.argsort(-left, axis=1, kind="stable")
    before[:, 1:] = rows.take(descending.ravel(), axis=0).reshape(blocks, half, columns)
    for i in range(2, half + 1):  # far quicker than a cumulative sum along this axis
        before[:, i] += before[:, i - 1]
    ascending = np.sort(left, axis=1)
    larger = [
        half - np.searchsorted(sorted_left, values, side="right")
        for sorted_left, values in zip(ascending, right, strict=True)
    ]
    at = (half + 1) * np.arange(blocks)[:, None] + np.stack(larger)
    above = before.reshape(-1, columns).take(at.ravel(), axis=0).reshape(blocks, half, columns)
    return _products(weights[:, 1], above)


def _products(a: NDArray[np.floating], b: NDArray[np.floating]) -> Floats:
    """Sum of products by resample, of shapes `(g, i, B)`."""
    return np.asarray(np.einsum("gib,gib->b", a, b), dtype=np.float64)
