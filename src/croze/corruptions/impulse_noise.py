"""`impulse_noise`: salt and pepper."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.corruptions.base import Context, Kind


@dataclass(frozen=True)
class ImpulseNoise(Kind):
    """A share of the values, each channel for itself, becomes 1 or 0, with half the chance each."""

    share: float

    name = "impulse_noise"
    summary = "salt and pepper"
    constants = ((0.01,), (0.02,), (0.03,), (0.05,), (0.07,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        chance = context.draws.uniform(*images.shape[1:]).to(images.device)
        salted = images.masked_fill(chance < self.share / 2, 1.0)
        return salted.masked_fill_((chance >= self.share / 2) & (chance < self.share), 0.0)
