"""`autoattack`: four attacks, each on what the ones before have left."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.robustness.attacks.apgd import ApgdCe, ApgdT, check_ratio
from croze.robustness.attacks.base import Attack
from croze.robustness.attacks.fab import FabT
from croze.robustness.attacks.published import published
from croze.robustness.attacks.square import Square
from croze.robustness.attacks.target import Best, Task


@dataclass(frozen=True)
class AutoAttack(Attack):
    """The standard version: apgd-ce, apgd-t, fab-t and square, at the published budgets by default.

    Attributes:
        steps: of the two APGD and of FAB, for each target.
        targets: classes aimed at; all but the label's where there are fewer.
        queries: of Square.

    Raises:
        CrozeError: for an argument out of range; when it runs, without pyautoattack, or for a model of fewer
            than four classes (see `apgd-t`).
    """

    steps: int = 100
    targets: int = 9
    queries: int = 5000

    name = "autoattack"
    summary = "apgd-ce, apgd-t, fab-t and square in turn"
    source = "Croce & Hein 2020, section 6"
    norms = ("linf", "l2")

    def __post_init__(self) -> None:
        self._at_least(1, "steps", "targets", "queries")

    def _perturb(self, task: Task) -> Tensor:
        published(self.name, "autopgd_base", "APGDAttack")
        check_ratio(self.name, task)
        best = Best(task)
        for attack in (
            ApgdCe(self.steps),
            ApgdT(self.steps, self.targets),
            FabT(self.steps, self.targets),
            Square(self.queries),
        ):
            left = best.left()
            if not len(left):
                break
            found = attack._perturb(task.part(left))
            best.offer(left, found, task.target.logits(found))
        return best.images
