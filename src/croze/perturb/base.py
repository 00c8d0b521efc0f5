"""What an input perturbation is: a function of images, of the loss gradient and of a size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

GradientOf = Callable[[Tensor], Tensor]
"""The gradient of the loss with respect to the inputs, at these inputs; same shape."""


@dataclass(frozen=True)
class Ball:
    """Where a perturbed input may lie.

    Attributes:
        epsilon: size of the perturbation, in the units of the inputs (l-inf radius, or the deviation of
            Gaussian noise).
        low, high: bounds of the inputs; None for none.
        ascend: towards a higher loss; the released code of CRoZe goes the other way.
    """

    epsilon: float
    low: float | None = None
    high: float | None = None
    ascend: bool = True

    def step(self, x: Tensor, gradient: Tensor, size: float) -> Tensor:
        """One signed gradient step of this size, clamped to the bounds."""
        direction = gradient.sign() if self.ascend else -gradient.sign()
        return self.clamp(x + size * direction)

    def clamp(self, x: Tensor) -> Tensor:
        """The inputs within the bounds."""
        return x if self.low is None and self.high is None else x.clamp(self.low, self.high)


class Perturbation(Protocol):
    """Shapes: inputs `(N, C, H, W)` in and out. `generator` lives on the CPU whatever the device is."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """The perturbed inputs; `x` itself is not changed."""
        ...


def draw(kind: Callable[..., Tensor], x: Tensor, generator: torch.Generator) -> Tensor:
    """Random numbers shaped like `x`, drawn on the CPU so that every device sees the same ones."""
    return kind(x.shape, generator=generator, dtype=torch.float32).to(x)
