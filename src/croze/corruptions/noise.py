"""The noises: `gaussian_noise`, `shot_noise`, `impulse_noise`."""

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
        noise = context.draws.normal(*images.shape[1:]).to(images)
        return noise.mul_(self.deviation).add_(images)


@dataclass(frozen=True)
class ShotNoise(Kind):
    """Poisson(x * photons) / photons: a white value is a mean of `photons` counts."""

    photons: float

    name = "shot_noise"
    summary = "the noise of counting photons"
    constants = ((500,), (250,), (100,), (75,), (50,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        return context.draws.poisson(images * self.photons).div_(self.photons)


@dataclass(frozen=True)
class ImpulseNoise(Kind):
    """A share of the values, each channel for itself, becomes 1 or 0, with half the chance each."""

    share: float

    name = "impulse_noise"
    summary = "salt and pepper"
    constants = ((0.01,), (0.02,), (0.03,), (0.05,), (0.07,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        chance = context.draws.uniform(*images.shape[1:]).to(images.device)
        salted = images.masked_fill(chance < self.share / 2, 1.0)
        return salted.masked_fill_((chance >= self.share / 2) & (chance < self.share), 0.0)
