"""Percentile intervals of bootstrapped figures, and of the difference of two of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from croze.errors import CrozeError
from croze.stats.correlation import Floats

UNDEFINED_LIMIT = 0.05
"""Largest share of undefined resamples that an interval may ignore; with more there is no interval."""


def percentile_interval(resampled: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """The central interval that holds `level` of the resampled figures (Efron's percentile interval).

    Args:
        resampled: figures, shape `(B, ...)`, NaN where a resample leaves the figure undefined.
        level: in (0, 1).

    Returns:
        The low and the high ends, shape `(...)` each. Undefined resamples are ignored as long as they are at
        most 5% of B; beyond that both ends are NaN.

    Raises:
        CrozeError: no resamples, or a level outside (0, 1).
    """
    figures = np.asarray(resampled, dtype=np.float64)
    if figures.ndim == 0 or len(figures) == 0:
        raise CrozeError(f"An interval needs resampled figures of shape (B, ...), got {figures.shape}.")
    if not 0.0 < level < 1.0:
        raise CrozeError(f"The level of an interval lies between 0 and 1 (0.95 is usual), got {level:g}.")
    flat = figures.reshape(len(figures), -1)
    undefined = np.isnan(flat).mean(axis=0)
    tail = (1.0 - level) / 2.0
    ends = np.full((2, flat.shape[1]), np.nan)
    # columns one by one where something is left out, all at once where nothing is: many times faster
    whole, some = undefined == 0, (undefined > 0) & (undefined <= UNDEFINED_LIMIT)
    for columns, quantile in ((whole, np.quantile), (some, np.nanquantile)):
        if columns.any():
            ends[:, columns] = quantile(flat[:, columns], [tail, 1.0 - tail], axis=0)
    low, high = ends.reshape(2, *figures.shape[1:])
    return low, high


def paired_difference(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """The interval of `first - second`, both figures taken on the same resamples.

    Pairing removes what both share (which architectures were drawn), so this interval can exclude 0 where the
    two single intervals overlap.

    Args:
        first: figures, shape `(B, ...)`.
        second: figures on the same resamples, shape `(B, ...)`.
        level: in (0, 1).

    Returns:
        The low and the high ends, shape `(...)` each.

    Raises:
        CrozeError: the shapes differ, or as `percentile_interval`.
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if a.shape != b.shape:
        raise CrozeError(f"A paired difference needs the same resamples, got shapes {a.shape} and {b.shape}.")
    return percentile_interval(a - b, level)
