"""`fgsm` and `pgd`: steps along the gradient."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.perturb import inputs
from croze.robustness.attacks.base import Attack
from croze.robustness.attacks.target import LOSSES, Best, Loss, Task, cross_entropy


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

        return inputs.FGSM()(task.images, gradient, task.ball, task.generator)


@dataclass(frozen=True)
class PGD(Attack):
    """Steps along the (sign of the) gradient, each projected on the ball.

    Every iterate counts, not only the last. After each restart only images still classified correctly go on.

    Attributes:
        steps: gradient steps.
        relative_step: step size in units of epsilon; 0.25 is 2/255 of 8/255.
        restarts: from new random points; only the first without `random_start`.
        random_start: 1 to begin at a uniform point of the ball, 0 at the image.
        loss: `ce` or `margin`.
        target: empty for any other class; `second`, `least` or `random` to aim at the likeliest other class,
            the least likely one or one at random (Kurakin et al. 2017).
        draws: passes that each gradient is averaged over, for models that are random (EOT, Athalye et al.
            2018).

    Raises:
        CrozeError: for an argument out of range.
    """

    steps: int = 20
    relative_step: float = 0.25
    restarts: int = 1
    random_start: int = 1
    loss: str = "ce"
    target: str = ""
    draws: int = 1

    name = "pgd"
    summary = "projected gradient descent"
    source = "Madry et al. 2018, section 2.1"
    norms = ("linf", "l2")

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "restarts", "draws")
        if self.target not in TARGETS:
            raise CrozeError(
                f"Argument target of {self.name} is {', '.join(TARGETS[1:])} or absent, got {self.target!r}."
            )
        self._positive("relative_step")
        if self.loss not in LOSSES:
            raise CrozeError(
                f"Argument loss of {self.name} is one of {', '.join(LOSSES)}, got {self.loss!r}."
            )
        if self.random_start not in (0, 1):
            raise CrozeError(f"Argument random_start of {self.name} is 0 or 1, got {self.random_start}.")
        if self.restarts > 1 and not self.random_start:
            raise CrozeError(
                f"Restarts of {self.name} without random_start would all be the same; set it to 1."
            )

    def _perturb(self, task: Task) -> Tensor:
        steps = inputs.PGD(self.steps, self.relative_step, bool(self.random_start))
        aims = _aims(task, self.target) if self.target else None
        return descend(task, steps, LOSSES[self.loss], self.restarts, self.draws, aims)


TARGETS = ("", "second", "least", "random")


def _aims(task: Task, target: str) -> Tensor:
    """The class that each image is to be taken for, `(N,)`."""
    if target == "random":
        shift = torch.randint(1, task.classes, task.labels.shape, generator=task.generator)
        return (task.labels + shift.to(task.labels)) % task.classes
    logits = task.target.logits(task.images)
    own = torch.nn.functional.one_hot(task.labels, task.classes).bool()
    if target == "least":
        return logits.masked_fill(own, torch.inf).argmin(1)
    return logits.masked_fill(own, -torch.inf).argmax(1)


def descend(
    task: Task, steps: inputs.PGD, loss: Loss, restarts: int, draws: int = 1, aims: Tensor | None = None
) -> Tensor:
    """The best iterates of all restarts; with `aims` the loss of these classes falls instead."""
    best = Best(task)
    for _ in range(restarts):
        left = best.left()
        if not len(left):
            break
        part = task.part(left)

        def gradient(x: Tensor, left: Tensor = left, part: Task = part) -> Tensor:
            wanted, sign = (part.labels, 1) if aims is None else (aims[left], -1)
            found = torch.zeros_like(x)
            for _ in range(draws):
                one, logits = part.target.gradient(x, lambda logits: sign * loss(logits, wanted))
                best.offer(left, x, logits)
                found += one
            return found

        last = steps(part.images, gradient, part.ball, part.generator)
        best.offer(left, last, part.target.logits(last))
    return best.images
