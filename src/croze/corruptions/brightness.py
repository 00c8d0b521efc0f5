"""`brightness`: every pixel shines brighter and keeps its colour."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions.base import Context, Kind


@dataclass(frozen=True)
class Brightness(Kind):
    """Adds a number to V in HSV, up to 1.

    V is the largest of a pixel's three values, and with H and S fixed they all grow in proportion to it.
    Black has no colour and becomes grey.
    """

    more: float

    name = "brightness"
    summary = "brighter, at the same hue and saturation"
    constants = ((0.05,), (0.1,), (0.15,), (0.2,), (0.3,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        """See `Kind.apply`."""
        value = images.amax(1, keepdim=True)
        brighter = (value + self.more).clamp_max_(1.0)
        return torch.where(value > 0, images * (brighter / value.clamp_min(1e-30)), brighter)
