"""The hypervolume that a set of points dominates: how far a Pareto front has come, as one number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def hypervolume(points: NDArray[np.float64]) -> float:
    """Volume that the boxes from the origin to each point cover together (Zitzler & Thiele 1999).

    Sliced along the last coordinate: O(n log n) for two of them, O(n^(d-1)) for d.

    Args:
        points: `(n, d)`, higher is better, the reference point is 0; coordinates below it count as 0.
    """
    points = np.maximum(np.asarray(points, dtype=np.float64), 0.0)
    if len(points) == 0:
        return 0.0
    if points.shape[1] == 1:
        return float(points.max())
    order = np.argsort(-points[:, -1], kind="stable")
    heights = np.append(points[order, -1], 0.0)
    total = 0.0
    for i in range(len(points)):
        if heights[i] > heights[i + 1]:
            total += float(heights[i] - heights[i + 1]) * hypervolume(points[order[: i + 1], :-1])
    return total
