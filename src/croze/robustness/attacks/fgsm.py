"""`fgsm`: the fast gradient sign method."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.perturb import fgsm
from croze.robustness.attacks.base import Attack
from croze.robustness.attacks.target import Task, cross_entropy


@dataclass(frozen=True)
class FGSM(Attack):
    """One step of size epsilon along the sign of the gradient of the cross-entropy.

    In l2 along the gradient itself (the fast gradient method of Miyato et al. 2017).
    """

    name = "fgsm"
    summary = "one step along the gradient"
    source = "Goodfellow et al. 2015, section 4"
    norms = ("linf", "l2")

    def _perturb(self, task: Task) -> Tensor:
        def gradient(x: Tensor) -> Tensor:
            return task.target.gradient(x, lambda logits: cross_entropy(logits, task.labels))[0]

        return fgsm.FGSM()(task.images, gradient, task.ball, task.generator)
