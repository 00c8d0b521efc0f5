"""Pareto fronts and crowding distance (Deb et al. 2002, sections III-A and III-B)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Points = Sequence[Sequence[float]] | Floats
"""`(n, k)`: n points by k objectives, higher being better; without NaN where nothing else is said."""


def front(merits: Points) -> list[int]:
    """Indices, ascending, of the points that no other betters in one objective and equals in all others.

    Equal points are in it together. One and two objectives take O(n log n), more of them O(n) for each
    distinct member of the front.
    """
    points = _points(merits)
    if len(points) == 0:
        return []
    if points.shape[1] == 1:
        chosen = np.flatnonzero(points[:, 0] == points[:, 0].max())
    elif points.shape[1] == 2:
        chosen = _front_of_two(points)
    else:
        chosen = _front_of_many(points)
    indices: list[int] = np.sort(chosen).tolist()
    return indices


def fronts(merits: Points) -> list[list[int]]:
    """The front, the front of the rest, and so on (non-dominated sorting); indices ascending in each."""
    points = _points(merits)
    if len(points) == 0:
        return []
    if points.shape[1] == 1:
        values, level = np.unique(-points[:, 0], return_inverse=True)
        return [np.flatnonzero(level == i).tolist() for i in range(len(values))]
    if points.shape[1] == 2:
        return _fronts_of_two(points)
    found: list[list[int]] = []
    left = np.arange(len(points))
    while len(left):
        best = front(points[left])
        found.append(left[best].tolist())
        left = np.delete(left, best)
    return found


def ranked(merits: Points) -> list[int]:
    """Indices of the points without NaN, best first by the first objective; equal ones stay in order."""
    points = _points(merits)
    good = np.flatnonzero(~np.isnan(points).any(axis=1))
    order: list[int] = good[np.argsort(-points[good, 0], kind="stable")].tolist()
    return order


def compromise(merits: Points) -> int | None:
    """Index of the point to take: the member of the front with the best mean rank over the objectives.

    Of equals the first in the order of `ranked`. Points with NaN do not count; None where there are no
    others.
    """
    order = ranked(merits)
    if not order:
        return None
    points = _points(merits)[order]
    members = front(points)
    places = np.mean([(column[:, None] > column[members]).sum(axis=0) for column in points.T], axis=0)
    return order[members[int(np.argmin(places))]]


def crowding(merits: Points) -> Floats:
    """Crowding distance `(n,)` of the points of one front: how far apart its neighbours lie on both sides.

    The sum over objectives of the distance between the next better and the next worse point, as a share of
    the objective's range; infinite for the first and the last. Equal values keep their order; an objective in
    which all agree adds nothing.
    """
    points = _points(merits)
    distance = np.zeros(len(points))
    for values in points.T:
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        reach = ordered[-1] - ordered[0] if len(ordered) else 0.0
        if reach > 0:
            distance[order[1:-1]] += (ordered[2:] - ordered[:-2]) / reach
            distance[order[[0, -1]]] = np.inf
    return distance


def _points(merits: Points) -> Floats:
    points = np.asarray(merits, dtype=np.float64)
    return points.reshape(len(points), -1) if points.size else points.reshape(0, 1)


def _front_of_two(points: Floats) -> NDArray[np.intp]:
    # from the best first objective down, the best second one first among equals
    order = np.lexsort((-points[:, 1], -points[:, 0]))
    first, second = points[order].T
    group = np.cumsum(np.append(True, first[1:] != first[:-1])) - 1
    best_of_group = second[np.flatnonzero(np.append(True, group[1:] != group[:-1]))]
    before = np.append(-np.inf, np.maximum.accumulate(best_of_group)[:-1])
    unbeaten = best_of_group > before
    unbeaten[0] = True
    chosen: NDArray[np.intp] = order[unbeaten[group] & (second == best_of_group[group])]
    return chosen


def _front_of_many(points: Floats) -> NDArray[np.intp]:
    left = np.lexsort(tuple(-column for column in points.T[::-1]))
    chosen: list[NDArray[np.intp]] = []
    while len(left):
        best = points[left[0]]  # none of those that are left can be better in the first that differs
        same = (points[left] == best).all(axis=1)
        chosen.append(left[same])
        left = left[(points[left] > best).any(axis=1)]
    return np.concatenate(chosen)


def _fronts_of_two(points: Floats) -> list[list[int]]:
    order = np.lexsort((-points[:, 1], -points[:, 0]))
    levels = np.empty(len(points), dtype=np.intp)
    worst: list[float] = []  # of each front, minus its best second objective so far: ascending
    previous: tuple[float, float] | None = None
    level = 0
    for index, first, second in zip(order.tolist(), *points[order].T.tolist(), strict=True):
        if (first, second) != previous:
            # dominated by a front that holds a point as good in the second: the first is as good already
            level = bisect_right(worst, -second)
            if level == len(worst):
                worst.append(-second)
            else:
                worst[level] = -second
        levels[index] = level
        previous = (first, second)
    by_level = np.argsort(levels, kind="stable")
    return [part.tolist() for part in np.split(by_level, np.cumsum(np.bincount(levels))[:-1])]
