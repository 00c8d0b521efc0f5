"""`fog`: clouds over the image."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.corruptions.base import Context, Kind
from croze.corruptions.plasma import plasma


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
