"""`shot_noise`: the noise of counting photons."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.corruptions.base import Context, Kind


@dataclass(frozen=True)
class ShotNoise(Kind):
    """Poisson(x * photons) / photons: a white value is a mean of `photons` counts."""

    photons: float

    name = "shot_noise"
    summary = "the noise of counting photons"
    constants = ((500,), (250,), (100,), (75,), (50,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        return context.draws.poisson(images * self.photons).div_(self.photons)
