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
        self._start: Indices = np.flatnonzero(opens_group)
        self._row_of_group: Indices = self._start // self.objects
        self._first_group: Indices = group_along_order[:, 0].copy()

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
        size = np.add.reduceat(weights[self._order], self._start)
        last = np.cumsum(size)
        # Twice the mid-rank, centred: whole numbers, so that every sum below is exact.
        place = 2 * last - size - (2 * self._row_of_group + 1) * total
        squares = np.add.reduceat(size * place * place, self._first_group)
        centred = place[self._group]
        products = (centred[:left] * weights) @ centred.T
        return correlation(products, squares[:left, None], squares[None, :])
