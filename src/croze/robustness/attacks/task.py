"""What an attack is given, and the best it has found so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from croze.perturb.base import Ball
from croze.robustness.attacks.losses import margin
from croze.robustness.attacks.target import Target


@dataclass(frozen=True, eq=False)
class Task:
    """Images that the target classifies correctly, to be perturbed within a ball.

    Attributes:
        target: the model.
        images: `(N, C, H, W)` in [0, 1], N above 0.
        labels: `(N,)`.
        ball: bounds 0 and 1.
        classes: number of logits.
        generator: on the CPU; the only source of randomness of an attack.
    """

    target: Target
    images: Tensor
    labels: Tensor
    ball: Ball
    classes: int
    generator: torch.Generator

    def part(self, rows: Tensor) -> Task:
        """The same for these images only."""
        return replace(self, images=self.images[rows], labels=self.labels[rows])

    def fooled(self, logits: Tensor) -> Tensor:
        """Where the prediction is not the label, `(N,)`."""
        return logits.argmax(1) != self.labels


class Best:
    """For every image the candidate with the highest margin loss: adversarial where any candidate was.

    Attributes:
        images: the candidates, at first the images themselves.
        fooled: `(N,)`, whether the candidate is adversarial.
    """

    def __init__(self, task: Task) -> None:
        self.images = task.images.clone()
        self.fooled = torch.zeros(len(task.images), dtype=torch.bool, device=task.images.device)
        self._labels = task.labels
        self._margin = torch.full_like(task.images[:, 0, 0, 0], -torch.inf)

    def left(self) -> Tensor:
        """Indices of the images without an adversarial candidate."""
        return torch.nonzero(~self.fooled)[:, 0]

    def offer(self, rows: Tensor, candidates: Tensor, logits: Tensor) -> Tensor:
        """Candidates for the images at `rows`, with their logits; returns which of them are adversarial."""
        labels = self._labels[rows]
        value, fooled = margin(logits, labels), logits.argmax(1) != labels
        better = (value > self._margin[rows]) | (fooled & ~self.fooled[rows])
        chosen = rows[better]
        self.images[chosen] = candidates.detach()[better]
        self._margin[chosen] = value[better]
        self.fooled[rows] |= fooled
        return fooled
