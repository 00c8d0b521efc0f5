"""Projected gradient descent on the loss, in l-inf or l2 (Madry et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.perturb.base import Ball, GradientOf


@dataclass(frozen=True)
class PGD:
    """Projected gradient descent: 7 steps from a random start in the ball.

    Attributes:
        steps: number of gradient steps; the paper trains with 7.
        relative_step: step size in units of epsilon; the paper's is 2/255 of 8/255.
        random_start: whether to begin at a uniform point of the ball.
    """

    steps: int = 7
    relative_step: float = 0.25
    random_start: bool = True

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """The inputs after the last step."""
        return self.climb(x, ball.uniform(x, generator) if self.random_start else x, gradient, ball)

    def climb(self, x: Tensor, start: Tensor, gradient: GradientOf, ball: Ball) -> Tensor:
        """The same from a start of one's own in the ball around `x`."""
        perturbed = start
        for _ in range(self.steps):
            moved = ball.step(perturbed, gradient(perturbed), self.relative_step * ball.epsilon)
            perturbed = ball.project(moved, x)
        return perturbed
