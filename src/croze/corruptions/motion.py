"""Motion blur as ImageMagick does it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from croze.corruptions.borders import padded


def motion_blur(images: Tensor, radius: int, sigma: float, angles: Sequence[float]) -> Tensor:
    """Each image blurred along an angle of its own.

    The kernel is one half of a Gaussian: 2 * radius + 1 weights exp(-i^2 / (2 sigma^2)), i = 0, 1, .., to
    the sum 1. The i-th belongs to the pixel i steps from this one along the angle, rounded to whole pixels;
    halves are rounded down. Border pixels are repeated.

    Args:
        images: `(N, C, H, W)`.
        radius: at least 1.
        sigma: above 0.
        angles: N of them, in degrees, clockwise from the right.
    """
    count, _, height, width = images.shape
    taps = 2 * radius + 1
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(taps)]
    total = math.fsum(weights)
    reach = taps - 1
    wide = padded(padded(images, reach, "edge", axis=-2), reach, "edge", axis=-1)
    stride = width + 2 * reach
    steps = torch.tensor([_steps(angle, taps, stride) for angle in angles], device=images.device)
    rows = torch.arange(reach, reach + height, device=images.device)
    columns = torch.arange(reach, reach + width, device=images.device)
    centres = (rows[:, None] * stride + columns).flatten()
    flat = wide.flatten(2)
    blurred = torch.zeros_like(images).flatten(2)
    for i, weight in enumerate(weights):
        places = (centres + steps[:, i : i + 1])[:, None].expand(count, images.shape[1], -1)
        blurred += flat.gather(2, places).mul_(weight / total)
    return blurred.view_as(images)


def _steps(angle: float, taps: int, stride: int) -> list[int]:
    """How far from a pixel the taps lie, in an image with rows of `stride` pixels."""
    along, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return [math.ceil(i * down - 0.5) * stride + math.ceil(i * along - 0.5) for i in range(taps)]
