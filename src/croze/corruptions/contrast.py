"""`contrast`: values move towards the mean of their channel."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.corruptions.base import Context, Kind


@dataclass(frozen=True)
class Contrast(Kind):
    """(x - mean) * factor + mean, with the mean of each image's channel."""

    factor: float

    name = "contrast"
    summary = "less contrast, towards the mean of each channel"
    constants = ((0.75,), (0.5,), (0.4,), (0.3,), (0.15,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        mean = _mean(images)[..., None, None]
        return (images - mean).mul_(self.factor).add_(mean)


def _mean(images: Tensor) -> Tensor:
    """Mean over the pixels, `(N, C)`, by adding halves: in the same order whatever N is."""
    rest = images.flatten(2)
    count = rest.shape[-1]
    while (length := rest.shape[-1]) > 1:
        half = length // 2
        halved = rest[..., :half] + rest[..., half : 2 * half]
        if length % 2:
            halved[..., 0] += rest[..., -1]
        rest = halved
    return rest[..., 0] / count
