"""`motion_blur`: the camera moved."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.corruptions.base import Context, Kind, scale_of
from croze.corruptions.motion import motion_blur


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
