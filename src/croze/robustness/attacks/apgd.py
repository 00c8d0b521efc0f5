"""`apgd-ce` and `apgd-t`: PGD that chooses its own step sizes."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.errors import CrozeError
from croze.robustness.attacks.base import Attack
from croze.robustness.attacks.published import published, run, silent
from croze.robustness.attacks.target import Task


@dataclass(frozen=True)
class ApgdCe(Attack):
    """Auto-PGD on the cross-entropy. An image without an adversarial one comes back as it was.

    Attributes:
        steps: gradient steps.
        restarts: from new random points.

    Raises:
        CrozeError: for an argument out of range; when it runs, without pyautoattack.
    """

    steps: int = 100
    restarts: int = 1

    name = "apgd-ce"
    summary = "PGD with step sizes of its own, on the cross-entropy"
    source = "Croce & Hein 2020, Algorithm 1"
    norms = ("linf", "l2")

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "restarts")

    def _perturb(self, task: Task) -> Tensor:
        kind = published(self.name, "autopgd_base", "APGDAttack")
        return run(kind, task, n_iter=self.steps, n_restarts=self.restarts, loss="ce", logger=silent())


@dataclass(frozen=True)
class ApgdT(Attack):
    """Auto-PGD on the targeted difference-of-logits-ratio loss, towards the likeliest other classes in turn.

    An image without an adversarial one comes back as it was.

    Attributes:
        steps: gradient steps for each target.
        targets: how many classes; all but the label's where there are fewer.

    Raises:
        CrozeError: for an argument out of range; when it runs, without pyautoattack, or for a model of fewer
            than four classes, where that loss is not defined.
    """

    steps: int = 100
    targets: int = 9

    name = "apgd-t"
    summary = "PGD with step sizes of its own, on the targeted logit ratio"
    source = "Croce & Hein 2020, Algorithm 1 and eq. 7"
    norms = ("linf", "l2")

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "targets")

    def _perturb(self, task: Task) -> Tensor:
        kind = published(self.name, "autopgd_base", "APGDAttack_targeted")
        check_ratio(self.name, task)
        targets = min(self.targets, task.classes - 1)
        return run(kind, task, n_iter=self.steps, n_target_classes=targets, logger=silent())


def check_ratio(attack: str, task: Task) -> None:
    """Raise CrozeError when the model has too few classes for the targeted logit ratio."""
    if task.classes < 4:
        raise CrozeError(
            f"Attack {attack} needs at least 4 classes for its targeted loss, the model has {task.classes}: "
            "use apgd-ce, fab-t and square."
        )
