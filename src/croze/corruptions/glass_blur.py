"""`glass_blur`: seen through frosted glass, pixels have changed places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from croze.corruptions.base import Context, Kind, cut, scale_of
from croze.corruptions.draws import Draws
from croze.corruptions.filters import gaussian_filter


@dataclass(frozen=True)
class GlassBlur(Kind):
    """A Gaussian blur, to 8 bits; pixels change places with neighbours; the blur again.

    `rounds` times, from the lower right to the upper left, a pixel and the one at an offset drawn from
    {-distance, .., distance - 1} in both directions are swapped. As in CIFAR-C the pixels that are visited
    are those of the rows and columns size - distance down to distance + 1. The code that made CIFAR-C says
    swap, but its NumPy assignment goes through views, and leaves the neighbour as it was: there a pixel
    becomes a copy of its neighbour. Here they are swapped.

    The blurs repeat border pixels and end after 4 sigma, so a sigma of .05 does nothing but cut to 8 bits.
    On other sizes sigma and distance grow, the distance to a whole number of at least 1.
    """

    sigma: float
    distance: int
    rounds: int

    name = "glass_blur"
    summary = "frosted glass: neighbouring pixels swapped"
    constants = ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        scale = scale_of(images)
        sigma, distance = self.sigma * scale, max(1, round(self.distance * scale))
        height, width = images.shape[2:]
        # a level lost or won by rounding would be seen: the way to 8 bits is in float64
        levels = cut(gaussian_filter(images.double(), sigma, "edge")).div_(255).to(images)
        places = torch.from_numpy(self._places(height, width, distance, context.draws))
        index = places.to(images.device)[:, None].expand(-1, images.shape[1], -1)
        moved = levels.flatten(2).gather(2, index).view_as(images)
        return gaussian_filter(moved, sigma, "edge")

    def _places(self, height: int, width: int, distance: int, draws: Draws) -> NDArray[np.int64]:
        """Which pixel lies at each place in the end, `(N, height * width)`."""
        rows, columns = (range(size - distance, distance, -1) for size in (height, width))
        # the images last: a step reads and writes one run of memory
        places = np.repeat(np.arange(height * width)[:, None], draws.count, axis=1)
        images = np.arange(draws.count)
        for _ in range(self.rounds):
            drawn = draws.integers(-distance, distance, len(rows), len(columns), 2).numpy()
            offsets = np.ascontiguousarray((drawn[..., 0] * width + drawn[..., 1]).transpose(1, 2, 0))
            for row, of_row in zip(rows, offsets, strict=True):
                for column, offset in zip(columns, of_row, strict=True):
                    here = row * width + column
                    self._exchange(places, here, here + offset, images)
        return places.T

    def _exchange(
        self, places: NDArray[np.int64], here: int, there: NDArray[np.int64], images: NDArray[np.int64]
    ) -> None:
        """Swap a place, the same in all images, with one in each."""
        kept = places[here].copy()
        places[here] = places[there, images]
        places[there, images] = kept
