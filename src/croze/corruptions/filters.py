"""Filters with the same weights for all images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from croze.corruptions.borders import Border, padded


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
