"""`square`: random search over squares."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.robustness.attacks.base import Attack
from croze.robustness.attacks.published import published, run
from croze.robustness.attacks.target import Task


@dataclass(frozen=True)
class Square(Attack):
    """Random search: squares of shrinking size that raise the margin are kept.

    An image without an adversarial one comes back as it was.

    Attributes:
        queries: at most, for each image.

    Raises:
        CrozeError: for an argument out of range; when it runs, without pyautoattack.
    """

    queries: int = 5000

    name = "square"
    summary = "random search over squares"
    source = "Andriushchenko et al. 2020, Algorithms 1 to 3"
    norms = ("linf", "l2")
    needs_gradients = False

    def __post_init__(self) -> None:
        self._at_least(1, "queries")

    def _perturb(self, task: Task) -> Tensor:
        kind = published(self.name, "square", "SquareAttack")
        return run(kind, task, n_queries=self.queries, p_init=0.8, n_restarts=1, resc_schedule=False)
