"""`deepfool`: steps to the nearest boundary of the linearised classifier."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.perturb.base import sizes
from croze.robustness.attacks.base import MinimalNorm
from croze.robustness.attacks.target import Task

_BEYOND = 1e-4
"""How far beyond the linear boundary a step leads, in the norm, as in the authors' code."""


@dataclass(frozen=True)
class DeepFool(MinimalNorm):
    """The closest adversarial image, by linearising the model again and again, towards the nearest class.

    Each step costs one forward pass, and one backward pass for each class. Images stop where they are fooled.
    What lies outside the ball is projected on it.

    Attributes:
        steps: at most.
        overshoot: how much longer than found the perturbation is made.

    Raises:
        CrozeError: for an argument out of range.
    """

    steps: int = 50
    overshoot: float = 0.02

    name = "deepfool"
    summary = "the closest adversarial image, by linearisation"
    source = "Moosavi-Dezfooli et al. 2016, Algorithm 2; in l-inf its section 3.3"
    norms = ("linf", "l2")

    def __post_init__(self) -> None:
        self._at_least(1, "steps")
        self._at_least(0, "overshoot")

    def _closest(self, task: Task, enough: float) -> Tensor:
        result = task.images.clone()
        total = torch.zeros_like(result)
        rows = torch.arange(len(result), device=result.device)
        for _ in range(self.steps):
            part = task.part(rows)
            x, logits = part.target.recorded(result[rows])
            left = ~part.fooled(logits)
            if not left.any():
                break
            moves = _to_nearest(part, x, logits)
            rows = rows[left]
            total[rows] += moves[left]
            result[rows] = (task.images[rows] + (1 + self.overshoot) * total[rows]).clamp(0, 1)
        return result


def _to_nearest(task: Task, x: Tensor, logits: Tensor) -> Tensor:
    """The smallest step to a boundary of the linearised model (eq. 10 and 9; in l-inf the text after 11)."""
    norm = task.ball.norm
    own = logits.gather(1, task.labels[:, None])[:, 0]
    nearest = torch.full_like(own, torch.inf)
    best = torch.zeros_like(x)
    for k in range(task.classes):
        lag = logits[:, k] - own
        w = task.target.backward(lag.sum(), x, keep=True)
        # the dual norm: l2 for l2, l1 for l-inf
        length = sizes(w, "l2") if norm == "l2" else w.flatten(1).abs().sum(1)
        distance = lag.detach().abs() / length
        # no gradient, no way to that class; the label itself is 0 / 0
        distance = torch.where((length > 0) & (task.labels != k), distance, torch.inf)
        direction = (
            w / length.clamp_min(torch.finfo(w.dtype).tiny)[:, None, None, None] if norm == "l2" else w.sign()
        )
        closer = distance < nearest
        best[closer] = direction[closer]
        nearest = torch.minimum(nearest, distance)
    reach = torch.where(nearest.isfinite(), nearest + _BEYOND, 0.0)
    return best * reach[:, None, None, None]
