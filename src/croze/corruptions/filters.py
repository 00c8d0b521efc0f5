"""Filters with the same weights for all images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Border = Literal["edge", "symmetric", "reflect"]
"""aa|abc|cc, ba|abc|cb or cb|abc|ba: as NumPy calls them. OpenCV's default border is `reflect`."""


def padded(images: Tensor, width: int, border: Border, axis: int) -> Tensor:
    """The images with so many more rows or columns on both sides of an axis."""
    if width == 0:
        return images
    return images.index_select(axis, beyond(images.shape[axis], width, border).to(images.device))


@lru_cache(maxsize=64)
def beyond(size: int, width: int, border: Border) -> Tensor:
    """Which of 0 .. size - 1 stands at -width .. size - 1 + width, int64."""
    return torch.from_numpy(np.pad(np.arange(size, dtype=np.int64), width, mode=border))


def gaussian_filter(images: Tensor, sigma: float, border: Border, truncate: float = 4.0) -> Tensor:
    """Gaussian blur of the last two axes, sampled at whole pixels out to `truncate * sigma`, rounded."""
    radius = int(truncate * sigma + 0.5)
    weights = gaussian_weights(sigma, radius)
    return correlate(correlate(images, weights, border, axis=-2), weights, border, axis=-1)


def gaussian_weights(sigma: float, radius: int) -> list[float]:
    """exp(-i^2 / (2 sigma^2)) at -radius .. radius, to the sum 1."""
    if radius == 0:
        return [1.0]
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(-radius, radius + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def correlate(images: Tensor, weights: Sequence[float], border: Border, axis: int) -> Tensor:
    """The weighted sum of an odd number of neighbours along an axis."""
    if len(weights) == 1:
        return images * weights[0]
    size = images.shape[axis]
    wide = padded(images, len(weights) // 2, border, axis)
    total = torch.zeros_like(images)
    for start, weight in enumerate(weights):
        total += wide.narrow(axis, start, size) * weight
    return total


def correlate_square(images: Tensor, weights: Sequence[Sequence[float]], border: Border) -> Tensor:
    """The weighted sum of a square of neighbours of odd side; weights of 0 cost nothing."""
    height, width = images.shape[-2:]
    radius = len(weights) // 2
    wide = padded(padded(images, radius, border, axis=-2), radius, border, axis=-1)
    total = torch.zeros_like(images)
    for y, row in enumerate(weights):
        for x, weight in enumerate(row):
            if weight:
                total += wide[..., y : y + height, x : x + width] * weight
    return total


def sample(images: Tensor, rows: Tensor, columns: Tensor, border: Border) -> Tensor:
    """Linear interpolation of images `(N, C, H, W)` at rows and columns, float64 `(N, h, w)` in pixels.

    They may lie up to H or W beyond the border. Returns `(N, C, h, w)`.
    """
    count, channels, height, width = images.shape
    row, of_next_row = _split(rows)
    column, of_next_column = _split(columns)
    flat = images.flatten(2)
    found = torch.zeros(count, channels, rows[0].numel(), dtype=images.dtype, device=images.device)
    for down in (0, 1):
        y = _inside(row + down, height, border) * width
        share_of_row = of_next_row if down else 1 - of_next_row
        for right in (0, 1):
            place = (y + _inside(column + right, width, border)).flatten(1)
            share = share_of_row * (of_next_column if right else 1 - of_next_column)
            index = place[:, None].expand(-1, channels, -1)
            found += flat.gather(2, index).mul_(share.to(images.dtype).flatten(1)[:, None])
    return found.view(count, channels, *rows.shape[1:])


def _split(places: Tensor) -> tuple[Tensor, Tensor]:
    whole = places.floor()
    return whole.long(), places - whole


def _inside(places: Tensor, size: int, border: Border) -> Tensor:
    """The pixels that stand at these places, of which some are beyond the border."""
    return beyond(size, size + 1, border).to(places.device)[places + (size + 1)]
