"""Rank correlations inside groups of equal size: what a score knows beyond how large a network is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from croze.errors import CrozeError
from croze.stats.correlation import Floats, one_thread, ranks
from croze.stats.weighted_ranks import WeightedRanks


def size_groups(sizes: ArrayLike, groups: int = 10) -> NDArray[np.int64]:
    """The group of every object, 0 to `groups - 1`, smallest sizes first: deciles for 10.

    Objects of equal size are never torn apart: all of them go where their mid-rank lies, object i to group
    `floor(groups * (midrank_i - 1/2) / n)`. So groups differ in number where sizes repeat, and one that a
    large set of equals skips is empty.

    Args:
        sizes: shape `(n,)`, finite.
        groups: at least 1.

    Raises:
        CrozeError: a size that is not finite, or no group.
    """
    values = np.asarray(sizes, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise CrozeError("Groups by size need finite sizes, shape (n,): leave objects without a size out.")
    if groups < 1:
        raise CrozeError(f"There must be at least 1 group, got {groups}.")
    # whole numbers until the division: (2 midrank - 1) is one
    twice = np.rint(2 * ranks(values) - 1).astype(np.int64)
    return groups * twice // (2 * max(1, len(values)))


@dataclass(frozen=True, eq=False)
class Within:
    """Spearman's rho of p scores with m truths inside each of g groups, under B sets of multiplicities.

    Attributes:
        rho: shape `(B, g, p, m)`, NaN where undefined.
        n: number of objects that count in each group, `(B, g)`.
    """

    rho: Floats
    n: Floats

    def mean(self) -> Floats:
        """The mean over groups, each weighing as many objects as it has, shape `(B, p, m)`.

        Groups in which the figure is undefined under the first set (too few objects, a constant score) are
        left out throughout; where another one is undefined under a later set, the mean is NaN there.
        """
        used = np.isfinite(self.rho[0])
        weight = used * self.n[:, :, None, None]
        total = weight.sum(axis=1)
        sums = np.where(used, self.rho * self.n[:, :, None, None], 0.0).sum(axis=1)
        mean = np.full(total.shape, np.nan)
        np.divide(sums, total, out=mean, where=total > 0)
        return mean


def rho_within(groups: ArrayLike, scores: ArrayLike, truths: ArrayLike, counts: ArrayLike) -> Within:
    """Spearman's rho inside each group.

    Args:
        groups: of every object, shape `(n,)`, from 0; as `size_groups`.
        scores: shape `(p, n)`, without NaN.
        truths: shape `(m, n)`, without NaN.
        counts: how often each object counts, shape `(B, n)`; the first set is that of the objects as given.
    """
    group = np.asarray(groups, dtype=np.int64)
    x, y, weights = (np.asarray(values, dtype=np.float64) for values in (scores, truths, counts))
    number = int(group.max(initial=-1)) + 1
    rho = np.full((len(weights), number, len(x), len(y)), np.nan)
    n = np.zeros((len(weights), number))
    with one_thread():
        for g in range(number):
            members = group == g
            n[:, g] = weights[:, members].sum(axis=1)
            if not members.any():
                continue
            ranked = WeightedRanks(np.concatenate([x[:, members], y[:, members]]))
            inside = np.ascontiguousarray(weights[:, members])
            for b in range(len(weights)):
                rho[b, g] = ranked.spearman(inside[b], len(x))[:, len(x) :]
    return Within(rho, n)
