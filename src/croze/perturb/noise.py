"""Perturbations that ask for no gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from croze.perturb.base import Ball, GradientOf, draw


class Gaussian:
    """`x' = x + epsilon * N(0, 1)` for every value."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """Noise of deviation epsilon, clamped to the bounds."""
        return ball.clamp(x + ball.epsilon * draw(torch.randn, x, generator))


class Uniform:
    """`x' = x + U(-epsilon, epsilon)` for every value."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """Noise inside the l-inf ball, clamped to the bounds."""
        return ball.clamp(x + ball.epsilon * (2 * draw(torch.rand, x, generator) - 1))


class Unperturbed:
    """`x' = x`: leaves the inputs alone, whatever the bounds."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """The inputs themselves."""
        return x
