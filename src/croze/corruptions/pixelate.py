"""`pixelate`: too few pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from croze.corruptions.base import Context, Kind


@dataclass(frozen=True)
class Pixelate(Kind):
    """Resized to int(size * share) and back with Pillow's box filter.

    A new pixel is the mean of the old ones whose centres lie within it; of none, where it is smaller than
    an old one, the one it lies in. In torch rather than by Pillow: exact where Pillow rounds to 8 bits four
    times, for all images at once, and where the images are.
    """

    share: float

    name = "pixelate"
    summary = "too few pixels"
    constants = ((0.95,), (0.9,), (0.85,), (0.75,), (0.65,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        height, width = images.shape[2:]
        small = _resized(_resized(images, int(width * self.share), -1), int(height * self.share), -2)
        return _resized(_resized(small, width, -1), height, -2)


def _resized(images: Tensor, size: int, axis: int) -> Tensor:
    windows = box_windows(images.shape[axis], size)
    total: Tensor | None = None
    most = max(last - first for first, last in windows)
    shape = (-1, 1) if axis == -2 else (-1,)
    for i in range(most):
        places = torch.tensor([min(first + i, last - 1) for first, last in windows], device=images.device)
        weights = torch.tensor([(first + i < last) / (last - first) for first, last in windows])
        term = images.index_select(axis, places).mul_(weights.to(images).view(shape))
        total = term if total is None else total.add_(term)
    assert total is not None
    return total


@lru_cache(maxsize=64)
def box_windows(old: int, new: int) -> tuple[tuple[int, int], ...]:
    """Of which old pixels, first and last plus one, each new one is the mean."""
    scale = old / new
    width = max(scale, 1.0)
    windows = []
    for i in range(new):
        centre = (i + 0.5) * scale
        near = range(max(int(centre - width / 2 + 0.5), 0), min(int(centre + width / 2 + 0.5), old))
        # centres on the border between two are told apart by rounding, as Pillow rounds
        within = [place for place in near if -0.5 < (place - centre + 0.5) * (1.0 / width) <= 0.5]
        windows.append((within[0], within[-1] + 1))
    return tuple(windows)
