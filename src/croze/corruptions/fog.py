"""`fog`: clouds over the image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions.base import Context, Kind
from croze.corruptions.draws import Draws

FIRST = 100.0
"""Amplitude of the first level."""


def plasma(size: int, roughness: float, draws: Draws) -> Tensor:
    """Landscapes in [0, 1], float64 `(N, size, size)`; they go on at the opposite border.

    Beginning with one point of height 0, each level gives the middle of every square the mean of its four
    corners, and the middle of every side the mean of its four neighbours, each plus U[-a, a]; a is 100 at
    first, and divided by the roughness from level to level. Last comes the way to [0, 1].

    Args:
        size: a power of two, at least 2.
        roughness: by what a is divided; the larger the smoother.
        draws: N streams.
    """
    heights = torch.zeros(draws.count, size, size, dtype=torch.float64)
    amplitude, step = FIRST, size
    while step > 1:
        half = step // 2
        noise = draws.uniform(3, size // step, size // step).mul_(2).sub_(1).mul_(amplitude)
        corners = heights[:, ::step, ::step]
        middles = _with_next(_with_next(corners, 1), 2) / 4 + noise[:, 0]
        heights[:, half::step, half::step] = middles
        # the neighbours of a side's middle: its two ends, and the middles of the two squares beside it
        across = _with_next(corners, 2) + middles + middles.roll(1, 1)
        heights[:, ::step, half::step] = across / 4 + noise[:, 1]
        down = _with_next(corners, 1) + middles + middles.roll(1, 2)
        heights[:, half::step, ::step] = down / 4 + noise[:, 2]
        amplitude, step = amplitude / roughness, half
    heights -= heights.amin((1, 2), keepdim=True)
    return heights / heights.amax((1, 2), keepdim=True)


def _with_next(values: Tensor, axis: int) -> Tensor:
    return values + values.roll(-1, axis)


@dataclass(frozen=True)
class Fog(Kind):
    """(x + density * plasma) * M / (M + density), M the largest value of the image.

    The plasma is made on the smallest square whose side is a power of two that holds the image, and its
    upper left part is taken.
    """

    density: float
    roughness: float

    name = "fog"
    summary = "clouds over the image"
    constants = ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        height, width = images.shape[2:]
        size = 1 << (max(height, width) - 1).bit_length()
        clouds = plasma(size, self.roughness, context.draws)[:, None, :height, :width].to(images)
        most = images.amax((1, 2, 3), keepdim=True)
        return (images + clouds.mul_(self.density)).mul_(most / (most + self.density))
