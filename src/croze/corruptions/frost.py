"""`frost`: ice on the lens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions.base import Context, Kind, scale_of


@dataclass(frozen=True)
class Frost(Kind):
    """of_image * x + of_frost * a random crop of a random texture, see `FrostTextures`.

    On other sizes the textures are scaled with the images, so that a crop shows as much of one.
    """

    of_image: float
    of_frost: float

    name = "frost"
    summary = "ice on the lens"
    constants = ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        height, width = images.shape[2:]
        textures = context.frost.scaled(scale_of(images), height, width)
        crops = torch.empty(images.shape)
        for crop, (which, down, right) in zip(crops, context.draws.uniform(3).tolist(), strict=True):
            texture = textures[int(which * len(textures))]
            top = int(down * (texture.shape[1] - height + 1))
            left = int(right * (texture.shape[2] - width + 1))
            crop.copy_(texture[:, top : top + height, left : left + width])
        return (images * self.of_image).add_(crops.to(images).mul_(self.of_frost))
