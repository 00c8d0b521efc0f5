"""Rank correlations of many samples when objects count several times: one sort, then any multiplicities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from croze.errors import CrozeError
from croze.stats.correlation import MINIMUM, Floats, correlation

Indices = NDArray[np.intp]


class WeightedRanks:
    """Samples over the same n objects, sorted once, that are ranked again under any multiplicities.

    Repeating object i `counts[i]` times leaves the order of the distinct values as it is: the mid-rank of a
    value is half of (places before it + places up to its last copy + 1), both cumulative sums of the counts.
    So a resample needs no sort, and its ranks equal those of the array written out in full.

    Args:
        samples: values, shape `(k, n)`, n at least 1; one row per sample.

    Raises:
        CrozeError: a wrong shape, or a NaN (which has no place in an order).
    """

    def __init__(self, samples: ArrayLike) -> None:
        values = np.asarray(samples, dtype=np.float64)
        if values.ndim != 2 or values.size == 0:
            raise CrozeError(
                f"Ranking needs samples of shape (k, n), k and n at least 1, got {values.shape}."
            )
        if np.isnan(values).any():
            row, column = np.argwhere(np.isnan(values))[0]
            raise CrozeError(
                f"A NaN cannot be ranked, got one in sample {row} at position {column}: "
                "leave that object out of every sample first."
            )
        self.rows, self.objects = values.shape
        order = np.argsort(values, axis=1, kind="stable")
        ascending = np.take_along_axis(values, order, axis=1)
        opens_group = np.ones(values.shape, dtype=bool)
        opens_group[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
        # The rows lie one after the other: a group is a run of equal values inside one row.
        group_along_order = np.cumsum(opens_group.ravel()).reshape(values.shape) - 1
        group = np.empty_like(group_along_order)
        np.put_along_axis(group, order, group_along_order, axis=1)
        self._order: Indices = order.ravel()
        self._group: Indices = group
        start = np.flatnonzero(opens_group)
        self._end: Indices = np.append(start[1:], values.size) - 1
        self._odd = 2.0 * (start // self.objects) + 1.0
        self._first_group: Indices = group_along_order[:, 0].copy()
        self._kept: list[Floats] | None = None

    def spearman(self, counts: ArrayLike, left: int) -> Floats:
        """Spearman's rho of the first `left` samples with all samples, under the given multiplicities.

        Args:
            counts: how often each object counts, shape `(n,)`, whole numbers of at least 0.
            left: number of samples, from the first, that are correlated with all.

        Returns:
            Shape `(left, k)`; NaN where a sample is constant over the objects that count, or where fewer
            than three count.
        """
        weights = np.asarray(counts, dtype=np.float64)
        if weights.shape != (self.objects,):
            raise CrozeError(f"{self.objects} objects need counts of shape (n,), got {weights.shape}.")
        total = weights.sum()
        if total < MINIMUM:
            return np.full((left, self.rows), np.nan)
        along, size, last, place, squared, centred, weighted = self._room(left)
        weights.take(self._order, out=along, mode="clip")
        np.cumsum(along, out=along)
        along.take(self._end, out=last, mode="clip")
        size[0] = last[0]
        np.subtract(last[1:], last[:-1], out=size[1:])
        # Twice the mid-rank, centred: whole numbers, so that every sum below is exact.
        np.multiply(last, 2, out=place)
        place -= size
        np.multiply(self._odd, total, out=last)
        place -= last
        np.multiply(place, place, out=squared)
        squared *= size
        squares = np.add.reduceat(squared, self._first_group)
        place.take(self._group, out=centred, mode="clip")
        np.multiply(centred[:left], weights, out=weighted)
        products = weighted @ centred.T
        return correlation(products, squares[:left, None], squares[None, :])

    def _room(self, left: int) -> list[Floats]:
        """Arrays to work in, kept from call to call: making them anew takes longer than filling them."""
        if self._kept is None or len(self._kept[-1]) != left:
            groups = [np.empty(len(self._end)) for _ in range(4)]
            self._kept = [
                np.empty(self._order.shape),
                *groups,
                np.empty((self.rows, self.objects)),
                np.empty((left, self.objects)),
            ]
        return self._kept
