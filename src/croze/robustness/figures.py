"""Figures of an evaluation: pure functions of accuracies and of counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError


def harmonic_robustness(clean: float, robust: float) -> float:
    """HRS: the harmonic mean of clean and robust accuracy (Devaguptapu et al. 2021, as Table 1 of CRoZe).

    Both in [0, 1], and so is the result; 0 where both are.
    """
    return 0.0 if clean + robust == 0 else 2 * clean * robust / (clean + robust)


def wilson(successes: int, trials: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927), 95% by default.

    Raises:
        CrozeError: without trials.
    """
    if trials < 1:
        raise CrozeError("An interval needs at least one image, got none.")
    share = successes / trials
    denominator = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / denominator
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / denominator
    # rounding may leave the share itself outside where it is 0 or 1
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def per_class(
    correct: NDArray[np.bool_], labels: NDArray[np.int64], classes: int
) -> tuple[float | None, ...]:
    """Accuracy of each class over the first `len(correct)` images; None for a class without any."""
    labels = labels[: len(correct)]
    found = []
    for label in range(classes):
        members = correct[labels == label]
        found.append(float(members.mean()) if len(members) else None)
    return tuple(found)


def worst_case(results: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Which of the images that all attacks saw withstand every one of them."""
    shared = min(map(len, results))
    withstood: NDArray[np.bool_] = np.logical_and.reduce([correct[:shared] for correct in results])
    return withstood
