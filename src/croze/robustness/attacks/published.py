"""The attacks of AutoAttack's authors, by their own code: the package pyautoattack, an extra."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.perturb.base import sizes
from croze.robustness.attacks.target import Task

_NORMS = {"linf": "Linf", "l2": "L2"}


def published(attack: str, module: str, kind: str) -> Callable[..., Any]:
    """A class of pyautoattack.

    Raises:
        CrozeError: when the package is not installed.
    """
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
