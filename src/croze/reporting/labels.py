"""Where labels of points go so that they cover neither each other nor points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle, in any one unit."""

    left: float
    bottom: float
    width: float
    height: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        up = min(self.bottom + self.height, other.bottom + other.height) - max(self.bottom, other.bottom)
        return max(0.0, across) * max(0.0, up)


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    area: Box,
    *,
    gap: float,
    taken: Sequence[Box] = (),
) -> list[Box]:
    """A box for each label: the nearest place round its point that covers nothing, else what covers least.

    Args:
        points: what labels belong to.
        sizes: width and height of each label.
        area: what labels should stay in.
        gap: between a point's centre and its label; a point fills a square of this half side.
        taken: what labels should not cover besides points and each other.
    """
    marks = [Box(x - 0.7 * gap, y - 0.7 * gap, 1.4 * gap, 1.4 * gap) for x, y in points]
    placed: list[Box] = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        best, least = Box(x + gap, y - height / 2, width, height), math.inf
        for box in _round(x, y, width, height, gap):
            covered = sum(box.overlap(other) for other in (*placed, *marks, *taken))
            outside = width * height - box.overlap(area)
            if covered + outside < least - 1e-9:
                best, least = box, covered + outside
        placed.append(best)
    return placed


def _round(x: float, y: float, width: float, height: float, gap: float) -> Iterator[Box]:
    """Places round a point, the nearest first."""
    for far in (1.0, 1.6, 2.4, 3.4):
        away = gap * far
        yield Box(x + away, y - height / 2, width, height)
        yield Box(x - away - width, y - height / 2, width, height)
        for shift in (0.0, 1.0, -1.0):
            left = x - width / 2 + shift * (width / 2 + gap / 2)
            yield Box(left, y + away, width, height)
            yield Box(left, y - away - height, width, height)
