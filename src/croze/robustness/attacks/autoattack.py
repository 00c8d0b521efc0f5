"""`autoattack` and its four attacks, by their authors' own code: the package pyautoattack, an extra."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.perturb.base import sizes
from croze.robustness.attacks.base import Attack
from croze.robustness.attacks.target import Best, Task

_NORMS = {"linf": "Linf", "l2": "L2"}

RATIO = 4
"""Fewest classes for which the targeted logit ratio is defined."""


class Packaged(Attack):
    """An attack of pyautoattack."""

    def check(self, classes: int) -> None:
        """See `Attack.check`."""
        published(self.name, "autopgd_base", "APGDAttack")


def published(attack: str, module: str, kind: str) -> Callable[..., Any]:
    """A class of pyautoattack; CrozeError when the package is not installed."""
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(f"pyautoattack.{module}"), kind)
    except ImportError:
        raise CrozeError(
            f"Attack {attack} needs the package pyautoattack: pip install 'croze[attacks]'."
        ) from None
    return found


def run(kind: Callable[..., Any], task: Task, **arguments: Any) -> Tensor:
    """Run it, seeded from the task and quiet: adversarial images where it found them, else the images."""
    dtype = task.images.dtype

    def predict(x: Tensor) -> Tensor:
        # it computes in float32, and writes into the logits
        return task.target(x.to(dtype)).float().clone()

    attack = kind(
        predict,
        norm=_NORMS[task.ball.norm],
        eps=task.ball.epsilon,
        seed=int(torch.randint(2**31, (), generator=task.generator)),
        device=task.images.device,
        verbose=False,
        **arguments,
    )
    found: Tensor = attack.perturb(task.images.float(), task.labels.clone()).to(dtype)
    # projecting moves by a rounding error, enough to lose an image that lies on the boundary: only who must
    found = found.clamp(0, 1)
    outside = sizes(found - task.images, task.ball.norm) > task.ball.epsilon
    found[outside] = task.ball.project(found[outside], task.images[outside])
    return found


def silent() -> logging.Logger:
    """A logger that nobody hears, for classes that warn without one."""
    logger = logging.Logger("pyautoattack")
    logger.addHandler(logging.NullHandler())
    return logger


@dataclass(frozen=True)
class ApgdCe(Packaged):
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
class ApgdT(Packaged):
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

    def check(self, classes: int) -> None:
        """See `Attack.check`."""
        super().check(classes)
        if classes < RATIO:
            raise CrozeError(
                f"Attack {self.name} needs at least {RATIO} classes for its targeted loss, the model has "
                f"{classes}: use autoattack, which leaves it out then, or apgd-ce, fab-t and square."
            )

    def _perturb(self, task: Task) -> Tensor:
        self.check(task.classes)
        kind = published(self.name, "autopgd_base", "APGDAttack_targeted")
        targets = min(self.targets, task.classes - 1)
        return run(kind, task, n_iter=self.steps, n_target_classes=targets, logger=silent())


@dataclass(frozen=True)
class FabT(Packaged):
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


@dataclass(frozen=True)
class Square(Packaged):
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


@dataclass(frozen=True)
class AutoAttack(Packaged):
    """The standard version: apgd-ce, apgd-t, fab-t and square, at the published budgets by default.

    Of models of two or three classes, for which the loss of apgd-t is not defined, the other three.

    Attributes:
        steps: of the two APGD and of FAB, for each target.
        targets: classes aimed at; all but the label's where there are fewer.
        queries: of Square.

    Raises:
        CrozeError: for an argument out of range; when it runs, without pyautoattack.
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
        self.check(task.classes)
        best = Best(task)
        attacks: tuple[Attack, ...] = (
            ApgdCe(self.steps),
            *([ApgdT(self.steps, self.targets)] if task.classes >= RATIO else []),
            FabT(self.steps, self.targets),
            Square(self.queries),
        )
        for attack in attacks:
            left = best.left()
            if not len(left):
                break
            found = attack._perturb(task.part(left))
            best.offer(left, found, task.target.logits(found))
        return best.images
