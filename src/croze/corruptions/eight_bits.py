"""Pixels in whole numbers of 0 to 255."""

from __future__ import annotations

from torch import Tensor

SLACK = 1e-4
"""Of a level: what rounding may have taken from a whole number, so that 8-bit images stay what they are."""


def cut(images: Tensor) -> Tensor:
    """Pixels in [0, 1] as whole numbers 0 .. 255, float64, cut off as CIFAR-C does, not rounded."""
    return (images.double() * 255).add_(SLACK).floor_()
