"""Mean and standard deviation per channel, in pixel space ([0, 1])."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError

_LEVELS = 256
# A constant channel gets one grey level: dividing by it is harmless, dividing by 0 is not.
_SMALLEST_STD = 1 / 255


@dataclass(frozen=True)
class Normalisation:
    """What is subtracted and divided by, for each of the three channels.

    Attributes:
        mean, std: three numbers each, in pixel space; the deviations are positive.

    Raises:
        CrozeError: on another number of channels, a non-finite number or a deviation that is not positive.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if (
            not len(self.mean) == len(self.std) == 3
            or not all(math.isfinite(value) for value in (*self.mean, *self.std))
            or min(self.std) <= 0
        ):
            raise CrozeError(
                "A normalisation needs three finite means and three positive deviations in pixel space, "
                f"got mean {self.mean} and std {self.std}."
            )


def measure(chunks: Iterable[NDArray[np.uint8]]) -> Normalisation:
    """The normalisation over all pixels of `chunks`, each `(n, 3, H, W)`; exact, in integer arithmetic.

    A deviation below one grey level (1/255) is raised to it.
    """
    counts = np.zeros((3, _LEVELS), dtype=np.int64)
    for chunk in chunks:
        # Image by image: bincount widens its input to 64 bits, eight times the memory.
        for image in chunk:
            for channel in range(3):
                counts[channel] += np.bincount(image[channel].ravel(), minlength=_LEVELS)
    means, deviations = [], []
    for histogram in counts.tolist():
        pixels = sum(histogram)
        total = sum(level * count for level, count in enumerate(histogram))
        squares = sum(level * level * count for level, count in enumerate(histogram))
        means.append(total / pixels / 255)
        variance = (pixels * squares - total * total) / pixels**2
        deviations.append(max(math.sqrt(variance) / 255, _SMALLEST_STD))
    return Normalisation(tuple(means), tuple(deviations))
