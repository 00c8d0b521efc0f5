"""What random search needs on average, without any replay."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def expected_models(members: NDArray[np.int64], above: NDArray[np.bool_]) -> float:
    """Mean number of models that random search trains until one is above its goal.

    Strings are drawn with equal probability and a class that was trained before is skipped, so classes come
    in the order of independent exponential clocks whose rates are their numbers of strings. A class of w
    strings rings before all those above, which have W strings together, with probability w / (w + W); the
    expected number is 1 plus these probabilities, summed over the classes that are not above. With one string
    a class this is (N + 1) / (K + 1), the mean of the negative hypergeometric distribution.

    Args:
        members: number of strings of each class, shape `(N,)`.
        above: which classes are above, shape `(N,)`.

    Returns:
        The mean, not limited by any budget; infinite when no class is above.
    """
    if not above.any():
        return math.inf
    others, together = members[~above], members[above].sum()
    return float(1 + (others / (others + together)).sum())
