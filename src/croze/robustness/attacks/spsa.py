"""`spsa`: gradients estimated from random directions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.robustness.attacks.base import Attack
from croze.robustness.attacks.target import Adam, Best, Task, margin

_AT_ONCE = 512
"""Images per forward pass, or the batch's own number where that is more."""


@dataclass(frozen=True)
class SPSA(Attack):
    """Adam on the margin loss, its gradient estimated by differences along random directions of signs.

    Each iteration costs two queries for each direction and one for the iterate, for every image that is
    not fooled yet.

    Attributes:
        iterations: steps of Adam.
        samples: directions an iteration.
        delta: how far along a direction the model is asked, in pixel space.
        lr: step size of Adam, in pixel space.

    Raises:
        CrozeError: for an argument out of range.
    """

    iterations: int = 100
    samples: int = 128
    delta: float = 0.01
    lr: float = 0.01

    name = "spsa"
    summary = "descent along gradients estimated from queries"
    source = "Uesato et al. 2018, Algorithm 1"
    norms = ("linf",)
    needs_gradients = False

    def __post_init__(self) -> None:
        self._at_least(1, "iterations", "samples")
        self._positive("delta", "lr")

    def _perturb(self, task: Task) -> Tensor:
        best = Best(task)
        rows = torch.arange(len(task.images), device=task.images.device)
        x, adam = task.images.clone(), Adam(task.images, self.lr)
        for _ in range(self.iterations):
            part = task.part(rows)
            x = part.ball.project(x + adam.step(self._estimate(part, x)), part.images)
            left = ~best.offer(rows, x, part.target.logits(x))
            if not left.any():
                break
            rows, x = rows[left], x[left]
            adam.keep(left)
        return best.images

    def _estimate(self, task: Task, x: Tensor) -> Tensor:
        """The mean over directions v of `v * (f(x + delta v) - f(x - delta v)) / (2 delta)`."""
        total = torch.zeros_like(x)
        at_once = max(1, _AT_ONCE // len(x))
        for start in range(0, self.samples, at_once):
            count = min(at_once, self.samples - start)
            shape = (count, *x.shape)
            signs = torch.randint(0, 2, shape, generator=task.generator, dtype=torch.int8)
            v = 2 * signs.to(x) - 1
            labels = task.labels.repeat(count)
            ahead, behind = (
                margin(task.target.logits((x + shift * v).flatten(0, 1)), labels)
                for shift in (self.delta, -self.delta)
            )
            slopes = ((ahead - behind) / (2 * self.delta)).view(count, len(x), 1, 1, 1)
            total += (slopes * v).sum(0)
        return total / self.samples
