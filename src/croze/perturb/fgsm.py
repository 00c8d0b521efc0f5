"""Fast gradient sign method (Goodfellow et al. 2015); Eq. 4 of the CRoZe paper."""

from __future__ import annotations

import torch
from torch import Tensor

from croze.perturb.base import Ball, GradientOf


class FGSM:
    """Fast gradient sign method, `x' = x + epsilon * sign(dL/dx)`; in l2 along the gradient itself."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """One step at the full size of the ball."""
        return ball.step(x, gradient(x), ball.epsilon)
