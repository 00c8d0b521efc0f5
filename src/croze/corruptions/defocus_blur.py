"""`defocus_blur`: a lens out of focus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from torch import Tensor

from croze.corruptions.base import Context, Kind, scale_of
from croze.corruptions.filters import correlate_square, gaussian_weights

LARGE = 8.0
"""A disk of a larger radius is smoothed over two pixels to each side rather than one."""


@dataclass(frozen=True)
class DefocusBlur(Kind):
    """A disk of this radius, smoothed by a Gaussian over 3 x 3 pixels, convolved with each channel.

    The disk has the pixels whose centres are within the radius, at equal weights; so below a radius of 1 it
    is one pixel, and the Gaussian does the blurring. Beyond the border the image is mirrored, the border
    pixels not repeated. On other sizes radius and smoothing grow, and so does the window of the Gaussian.
    """

    radius: float
    smoothing: float

    name = "defocus_blur"
    summary = "a lens out of focus"
    constants = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        scale = scale_of(images)
        return correlate_square(images, _disk(self.radius * scale, self.smoothing * scale, scale), "reflect")


@lru_cache(maxsize=64)
def _disk(radius: float, smoothing: float, scale: float) -> tuple[tuple[float, ...], ...]:
    window = max(1 if radius <= LARGE else 2, round(scale))
    reach = int(radius) + window
    places = np.arange(-reach, reach + 1)
    disk = (places[:, None] ** 2 + places**2 <= radius**2).astype(np.float64)
    disk /= disk.sum()
    weights = gaussian_weights(smoothing, window)
    for axis in (0, 1):
        disk = np.apply_along_axis(np.convolve, axis, disk, weights, mode="same")
    return tuple(tuple(row) for row in disk.tolist())
