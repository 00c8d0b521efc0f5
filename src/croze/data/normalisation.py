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
    """What is subtracted and divided by, for each channel.

    Attributes:
        mean, std: a number for each channel, in pixel space; the deviations are positive.

    Raises:
        CrozeError: on different or no numbers of channels, a non-finite number or a deviation that is not
            positive.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if (
            not len(self.mean) == len(self.std) > 0
            or not all(math.isfinite(value) for value in (*self.mean, *self.std))
            or min(self.std) <= 0
        ):
            raise CrozeError(
                "A normalisation needs a finite mean and a positive deviation for each channel, "
                f"got mean {self.mean} and std {self.std}."
            )


def measure(chunks: Iterable[NDArray[np.uint8]]) -> Normalisation:
    """The normalisation over all pixels of `chunks`, each `(n, C, H, W)`; exact, in integer arithmetic.

    A deviation below one grey level (1/255) is raised to it.
    """
    counts: NDArray[np.int64] | None = None
    for chunk in chunks:
        counts = np.zeros((chunk.shape[1], _LEVELS), dtype=np.int64) if counts is None else counts
        # Image by image: bincount widens its input to 64 bits, eight times the memory.
        for image in chunk:
            counts += [np.bincount(channel.ravel(), minlength=_LEVELS) for channel in image]
    means, deviations = [], []
    for histogram in [] if counts is None else counts.tolist():
        pixels = sum(histogram)
        total = sum(level * count for level, count in enumerate(histogram))
        squares = sum(level * level * count for level, count in enumerate(histogram))
        means.append(total / pixels / 255)
        variance = (pixels * squares - total * total) / pixels**2
        deviations.append(max(math.sqrt(variance) / 255, _SMALLEST_STD))
    return Normalisation(tuple(means), tuple(deviations))
