"""`lgv`: transfer from weights in a large geometric vicinity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call

from croze.errors import CrozeError
from croze.nn.scratch import evaluating
from croze.robustness.attacks.base import Attack, TrainingBatches
from croze.robustness.attacks.target import Target, Task, cross_entropy
from croze.robustness.attacks.trajectory import Trajectory, collect_weights


@dataclass(frozen=True)
class LGV(Attack):
    """Iterated gradient steps, each on the next of many weights collected by SGD at a high constant rate.

    The model under attack is asked nothing: the last iterate is what transfers to it. `prepare` collects the
    weights, `along` takes those that were collected before.

    Attributes:
        steps: gradient steps.
        relative_step: step size in units of epsilon.
        epochs: of training along which weights are collected.
        per_epoch: weights collected in each.
        lr: learning rate of that training.

    Raises:
        CrozeError: for an argument out of range.
    """

    steps: int = 50
    relative_step: float = 0.1
    epochs: int = 10
    per_epoch: int = 4
    lr: float = 0.05

    name = "lgv"
    summary = "transfer from weights along a high-rate SGD trajectory"
    source = "Gubri et al. 2022, Algorithm 1"
    norms = ("linf", "l2")
    needs_training = True

    # not fields: an attack is known by its arguments, these are what it has learnt
    trajectory: ClassVar[Trajectory | None] = None
    surrogate: ClassVar[nn.Module | None] = None

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "epochs", "per_epoch")
        self._positive("relative_step", "lr")

    def prepare(
        self, model: nn.Module, batches: TrainingBatches, *, seed: int = 0, folder: Path | None = None
    ) -> Self:
        """The attack with weights collected from those of `model`; see `collect_weights`.

        Raises:
            CrozeError: as `collect_weights`.
        """
        trajectory = collect_weights(
            model,
            batches,
            epochs=self.epochs,
            per_epoch=self.per_epoch,
            lr=self.lr,
            seed=seed,
            folder=folder,
        )
        return self.along(trajectory, model)

    def along(self, trajectory: Trajectory, surrogate: nn.Module | None = None) -> Self:
        """The attack on these weights.

        Args:
            trajectory: at least one set of weights.
            surrogate: a model of the architecture they belong to; it is not changed. None for the
                architecture of the model under attack.
        """
        attack = replace(self)
        object.__setattr__(attack, "trajectory", trajectory)
        object.__setattr__(attack, "surrogate", surrogate)
        return attack

    def _perturb(self, task: Task) -> Tensor:
        if self.trajectory is None:
            raise CrozeError(
                f"Attack {self.name} needs weights from training data first: call prepare(model, batches)."
            )
        model = self.surrogate or task.target.model
        self.trajectory.check_fits(model)
        order: list[int] = []
        x = task.images
        with evaluating(model):
            for _ in range(self.steps):
                order = order or torch.randperm(len(self.trajectory), generator=task.generator).tolist()
                weights = {
                    name: value.to(x) if value.is_floating_point() else value.to(x.device)
                    for name, value in self.trajectory[order.pop()].items()
                }
                surrogate = Target(model, partial(functional_call, model, weights), task.target.spent)
                gradient, _ = surrogate.gradient(x, lambda logits: cross_entropy(logits, task.labels))
                moved = task.ball.step(x, gradient, self.relative_step * task.ball.epsilon)
                x = task.ball.project(moved, task.images)
        return x
