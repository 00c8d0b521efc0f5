"""`zoom_blur`: the camera moved towards the scene."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.corruptions.base import Context, Kind
from croze.corruptions.zoom import central_zoom


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
