"""Perturbations that ask for no gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from croze.perturb.base import Ball, GradientOf, draw


class Gaussian:
    """Gaussian noise, `x' = x + epsilon * N(0, 1)`."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """Noise of deviation epsilon, clamped to the bounds."""
        return ball.clamp(x + ball.epsilon * draw(torch.randn, x, generator))


class Uniform:
    """Uniform noise, `x' = x + U(-epsilon, epsilon)`."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """Noise inside the l-inf ball, clamped to the bounds."""
        return ball.clamp(x + ball.epsilon * (2 * draw(torch.rand, x, generator) - 1))


class Unperturbed:
    """No perturbation of the inputs, `x' = x`, whatever the bounds."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """The inputs themselves."""
        return x
