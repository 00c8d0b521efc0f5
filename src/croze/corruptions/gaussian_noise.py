"""`gaussian_noise`: independent normal noise on every value."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.corruptions.base import Context, Kind


@dataclass(frozen=True)
class GaussianNoise(Kind):
    """Adds N(0, deviation^2) to every value."""

    deviation: float

    name = "gaussian_noise"
    summary = "independent normal noise"
    constants = ((0.04,), (0.06,), (0.08,), (0.09,), (0.10,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        noise = context.draws.normal(*images.shape[1:]).to(images)
        return noise.mul_(self.deviation).add_(images)
