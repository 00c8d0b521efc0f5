"""`fab-t`: the fast adaptive boundary attack."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.robustness.attacks.base import Attack
from croze.robustness.attacks.published import published, run
from croze.robustness.attacks.target import Task


@dataclass(frozen=True)
class FabT(Attack):
    """The fast adaptive boundary attack, towards the likeliest other classes one by one.

    An image without an adversarial one within the ball comes back as it was.

    Attributes:
        steps: for each target.
        targets: how many classes; all but the label's where there are fewer.

    Raises:
        CrozeError: for an argument out of range; when it runs, without pyautoattack.
    """

    steps: int = 100
    targets: int = 9

    name = "fab-t"
    summary = "steps along the boundary towards the image"
    source = "Croce & Hein 2020 (FAB), section 2; targeted: Croce & Hein 2020 (AutoAttack), section 5"
    norms = ("linf", "l2")

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "targets")

    def _perturb(self, task: Task) -> Tensor:
        kind = published(self.name, "fab_pt", "FABAttack_PT")
        targets = min(self.targets, task.classes - 1)
        return run(kind, task, n_iter=self.steps, n_restarts=1, targeted=True, n_target_classes=targets)
