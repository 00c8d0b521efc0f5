"""`snow`: flakes, and whiter colours."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.corruptions.base import Context, Kind, scale_of
from croze.corruptions.motion_blur import motion_blur
from croze.corruptions.zoom_blur import central_zoom

GREY = (0.299, 0.587, 0.114)
"""Luma of red, green and blue (ITU-R BT.601)."""


@dataclass(frozen=True)
class Snow(Kind):
    """Flakes over an image that is blended with a whiter one.

    A layer of N(mean, deviation^2) noise, its centre zoomed, values under the threshold set to 0, those
    over 1 to 1, is blurred as by ImageMagick's motion blur at an angle drawn from [-135, -45] degrees. The
    image becomes blend * x + (1 - blend) * max(x, 1.5 * grey + .5), then the layer and the layer turned by
    180 degrees are added. The layer is not rounded to 8 bits.

    On other sizes the zoom grows, but not below 1, and radius and sigma of the blur.
    """

    mean: float
    deviation: float
    zoom: float
    threshold: float
    radius: int
    sigma: float
    blend: float

    name = "snow"
    summary = "flakes, and whiter colours"
    constants = (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    )

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        scale = scale_of(images)
        noise = context.draws.normal(1, *images.shape[2:]).to(images)
        angles = context.draws.uniform().mul_(90).sub_(135).tolist()
        flakes = central_zoom(noise.mul_(self.deviation).add_(self.mean), max(1.0, self.zoom * scale))
        flakes = flakes.masked_fill(flakes < self.threshold, 0.0).clamp_(0.0, 1.0)
        layer = motion_blur(flakes, max(1, round(self.radius * scale)), self.sigma * scale, angles)
        red, green, blue = images.unbind(1)
        grey = red * GREY[0] + green * GREY[1] + blue * GREY[2]
        whiter = images.maximum((grey * 1.5 + 0.5)[:, None])
        snowy = images * self.blend + whiter * (1 - self.blend)
        return snowy.add_(layer).add_(layer.flip(-2, -1))
