"""`motion_blur`: the camera moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions.base import Context, Kind, scale_of
from croze.corruptions.filters import padded


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


@dataclass(frozen=True)
class MotionBlur(Kind):
    """ImageMagick's motion blur at an angle drawn from [-45, 45] degrees; not rounded to 8 bits.

    On other sizes radius and sigma grow, the radius to a whole number.
    """

    radius: int
    sigma: float

    name = "motion_blur"
    summary = "the camera moved, roughly sideways"
    constants = ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        scale = scale_of(images)
        angles = context.draws.uniform().mul_(90).sub_(45).tolist()
        return motion_blur(images, max(1, round(self.radius * scale)), self.sigma * scale, angles)
