"""`zoom_blur`: the camera moved towards the scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions.base import Context, Kind

ROUNDING = 1e-9
"""What a quotient may be above a whole number and still count as that number."""


def central_zoom(images: Tensor, factor: float) -> Tensor:
    """The centre enlarged by a factor of at least 1, by linear interpolation.

    The central ceil(size / factor) pixels become round(that * factor), first on first and last on last, and
    of these the central `size` remain: as SciPy's `zoom` between two crops.
    """
    return _along(_along(images, factor, axis=-2), factor, axis=-1)


def _along(images: Tensor, factor: float, axis: int) -> Tensor:
    size = images.shape[axis]
    lower, share = positions(size, factor)
    if not any(share):
        whole = torch.tensor(lower, device=images.device)
        return images if lower == list(range(size)) else images.index_select(axis, whole)
    below = torch.tensor(lower, device=images.device)
    above = (below + 1).clamp_max_(size - 1)
    shape = (-1, 1) if axis == -2 else (-1,)
    of_above = torch.tensor(share, dtype=torch.float64).to(images).view(shape)
    of_below = torch.tensor([1 - s for s in share], dtype=torch.float64).to(images).view(shape)
    found = images.index_select(axis, below).mul_(of_below)
    return found.add_(images.index_select(axis, above).mul_(of_above))


def positions(size: int, factor: float) -> tuple[list[int], list[float]]:
    """Between which two pixels each of the new ones lies: the lower one, and the share of the upper."""
    crop = math.ceil(size / factor - ROUNDING)
    enlarged = max(size, round(crop * factor))
    start, trim = (size - crop) // 2, (enlarged - size) // 2
    step = (crop - 1) / (enlarged - 1)
    exact = [(trim + i) * step for i in range(size)]
    lower = [min(math.floor(place + ROUNDING), crop - 1) for place in exact]
    return [start + low for low in lower], [max(0.0, p - low) for p, low in zip(exact, lower, strict=True)]


@dataclass(frozen=True)
class ZoomBlur(Kind):
    """The mean of the image and of its central zooms by 1, 1.01, .. below the end.

    The end does not belong to them. In CIFAR-C's code it does at severity 1 and 2, where 1.06 and 1.11 come a
    rounding error late in NumPy's `arange`.
    """

    end: float

    name = "zoom_blur"
    summary = "the camera moved towards the scene"
    constants = ((1.06,), (1.11,), (1.16,), (1.21,), (1.26,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        factors = [1 + step / 100 for step in range(round(100 * (self.end - 1)))]
        total = images.clone()
        for factor in factors:
            total += central_zoom(images, factor)
        return total.div_(len(factors) + 1)
