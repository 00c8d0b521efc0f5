"""Plasma: a random landscape of clouds, by the diamond-square algorithm."""

from __future__ import annotations

import torch
from torch import Tensor

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
