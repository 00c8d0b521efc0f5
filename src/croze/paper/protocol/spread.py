"""Mean and deviation over repetitions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from croze.errors import CrozeError


@dataclass(frozen=True)
class Spread:
    """What repetitions came to.

    Attributes:
        mean: over them.
        deviation: the sample's, with n - 1 below the root; None for fewer than two repetitions.
        n: how many.
    """

    mean: float
    deviation: float | None
    n: int


def spread(values: Sequence[float]) -> Spread | None:
    """Mean and sample standard deviation; None of no values.

    Raises:
        CrozeError: for a value that is not finite, which would be a failure counted as a figure.
    """
    if not values:
        return None
    if not all(map(math.isfinite, values)):
        raise CrozeError(f"Repetitions must have finite figures, got {', '.join(map(str, values))}.")
    mean = math.fsum(values) / len(values)
    return Spread(mean, statistics.stdev(values) if len(values) > 1 else None, len(values))
