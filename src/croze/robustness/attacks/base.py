"""What an attack is: a frozen set of arguments and one method that perturbs; the rest is checked here."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self

import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.nn.forward import correct_of
from croze.notation import Named
from croze.perturb.base import Ball, sizes
from croze.perturb.epsilon import check_epsilon
from croze.robustness.attacks.target import Target, Task, isolated
from croze.types import ROUNDING

TOLERANCE = 1e-6
"""How far a result may lie outside its ball for rounding; relative to epsilon where that is above 1."""


class TrainingBatches(Protocol):
    """Training data as a function of epoch and step, so that what is interrupted can go on."""

    steps: int
    """Steps of an epoch."""

    def __call__(self, epoch: int, step: int) -> tuple[Tensor, Tensor]:
        """Images `(N, C, H, W)` in [0, 1] and labels `(N,)`."""
        ...


@dataclass(frozen=True, eq=False)
class Adversarial:
    """What an attack found, for N images.

    Attributes:
        images: `(N, C, H, W)` in the model's dtype and on its device; an adversarial image where one was
            found, else the strongest attempt; the image itself where the model erred already.
        clean_correct: `(N,)`, whether the model was right before.
        correct: `(N,)`, whether it still is.
        not_finite: how many of `images` have logits that are not all finite; they count as wrong.
        distances: `(N,)`, size of the perturbation in the attack's norm, in pixel space.
        forwards, backwards: images that went through a network, forward and backward.
    """

    images: Tensor
    clean_correct: Tensor
    correct: Tensor
    distances: Tensor
    not_finite: int
    forwards: int
    backwards: int

    @property
    def accuracy(self) -> float:
        """The share of images that are still classified correctly."""
        return self.correct.double().mean().item()


@dataclass(frozen=True)
class Attack(Named, ABC):
    """An attack on a trained classifier. Subclasses are frozen dataclasses whose fields are its arguments.

    Class attributes:
        name: as written on the command line.
        summary: one line for `croze list`.
        source: paper and section, equation or algorithm.
        norms: in which it is defined, out of `croze.perturb.base.NORMS`.
        needs_gradients: whether the model is differentiated (a white-box attack).
        needs_training: whether `prepare` has to see training data first.
    """

    what = "attack"
    summary: ClassVar[str]
    source: ClassVar[str]
    norms: ClassVar[tuple[str, ...]] = ("linf",)
    needs_gradients: ClassVar[bool] = True
    needs_training: ClassVar[bool] = False

    def __call__(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        *,
        epsilon: float,
        norm: str = "linf",
        seed: int = 0,
        first: int = 0,
    ) -> Adversarial:
        """Perturb the images that the model classifies correctly so that it does not.

        The model runs in evaluation mode and is left as it was, with its weights, gradients, modes and the
        global random state.

        Args:
            model: takes pixels in [0, 1] and returns logits `(N, classes)`; weights in float32 or float64.
            images: `(N, C, H, W)` in [0, 1]; all of them at once, so N decides about the memory.
            labels: int64 `(N,)` in `0 .. classes - 1`.
            epsilon: radius in pixel space; in l-inf at most 1, in l2 at most the diagonal of the image space.
                At 0 the images stay as they are.
            norm: `linf` or `l2`, one of `norms`.
            seed: of everything random.
            first: index of the first image in its data set. With it results do not depend on which batch is
                attacked first.

        Raises:
            CrozeError: for images, labels, epsilon, norm or model other than these.
        """
        check_epsilon(epsilon, norm, zero=True)
        return self._run(model, images, labels, epsilon, norm, seed, first, self._perturb)

    def check(self, classes: int) -> None:
        """Raise CrozeError for what is known before it runs: too few classes, a package that is missing."""

    def prepare(
        self, model: nn.Module, batches: TrainingBatches, *, seed: int = 0, folder: Path | None = None
    ) -> Self:
        """The attack with what it has to learn from training data; itself where `needs_training` is false.

        Args:
            model: a trained classifier that takes pixels; it is not changed.
            batches: its training data.
            folder: where to keep the progress; None for nowhere.
        """
        return self

    @abstractmethod
    def _perturb(self, task: Task) -> Tensor:
        """The perturbed images, within the ball and the bounds; `task.images` is not changed."""

    def _run(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        epsilon: float,
        norm: str,
        seed: int,
        first: int,
        perturb: Callable[[Task], Tensor],
    ) -> Adversarial:
        if norm not in self.norms:
            raise CrozeError(f"Attack {self.name} works in {' and '.join(self.norms)}, not in {norm!r}.")
        if seed < 0 or first < 0:
            raise CrozeError(f"A seed and a first image are whole numbers from 0, got {seed} and {first}.")
        mixed = _mix(seed, first)
        with isolated(model, mixed):
            images, labels = _checked(model, images, labels)
            diagonal = math.sqrt(images[0].numel())
            if norm == "l2" and epsilon > diagonal:
                raise CrozeError(
                    f"An epsilon in l2 must be at most {diagonal:g}, the diagonal of these images in pixel "
                    f"space, got {epsilon:g}; 0.5 is usual for images of 32 x 32."
                )
            target = Target(model)
            clean = target.logits(images)
            _check_logits(clean, labels)
            right = correct_of(clean, labels)
            ball = Ball(epsilon, 0.0, 1.0, norm=norm)
            found = images.clone()
            if epsilon > 0 and right.any():
                generator = torch.Generator().manual_seed(mixed)
                task = Task(target, images[right], labels[right], ball, clean.shape[1], generator)
                found[right] = self._verified(perturb(task).detach(), task)
            logits = target.logits(found)
            still = right & correct_of(logits, labels)
        spent, strange = target.spent, int((~logits.isfinite().all(1)).sum())
        return Adversarial(
            found, right, still, sizes(found - images, norm), strange, spent.forwards, spent.backwards
        )

    def _verified(self, found: Tensor, task: Task) -> Tensor:
        if found.shape != task.images.shape or not torch.isfinite(found).all():
            raise RuntimeError(f"attack {self.spec} returned no finite images of shape {tuple(found.shape)}")
        if found.min() < 0 or found.max() > 1:
            raise RuntimeError(f"attack {self.spec} left the pixel space")
        size = float(sizes(found.double() - task.images.double(), task.ball.norm).max())
        if size > task.ball.epsilon + TOLERANCE * max(1.0, task.ball.epsilon):
            raise RuntimeError(f"attack {self.spec} left the ball of {task.ball.epsilon:g}: {size:g}")
        return found

    def _at_least(self, least: int, *arguments: str) -> None:
        for argument in arguments:
            if getattr(self, argument) < least:
                raise CrozeError(
                    f"Argument {argument} of {self.name} must be at least {least}, "
                    f"got {getattr(self, argument)}."
                )

    def _positive(self, *arguments: str) -> None:
        for argument in arguments:
            if not getattr(self, argument) > 0:
                raise CrozeError(
                    f"Argument {argument} of {self.name} must be above 0, got {getattr(self, argument)}."
                )


class MinimalNorm(Attack):
    """An attack that looks for the closest adversarial image, wherever it is. Subclasses write `_closest`."""

    def closest(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        *,
        norm: str,
        seed: int = 0,
        first: int = 0,
    ) -> Adversarial:
        """The closest adversarial images, with no ball round them: their `distances` are what matters.

        Args and errors as for a call.
        """
        check_epsilon(1.0, norm)
        everything = 1.0 if norm == "linf" else math.sqrt(max(1, images[:1].numel()))
        return self._run(
            model, images, labels, everything, norm, seed, first, lambda task: self._closest(task, 0.0)
        )

    @abstractmethod
    def _closest(self, task: Task, enough: float) -> Tensor:
        """Adversarial images in [0, 1], as close as they are found, or the last attempt.

        `task.ball` gives the norm only. For an image with one at `enough` or below no closer one is needed.
        """

    def _perturb(self, task: Task) -> Tensor:
        return task.ball.project(self._closest(task, task.ball.epsilon), task.images)


def _checked(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Images in the model's dtype and on its device, and the labels there."""
    if images.ndim != 4 or images.dtype not in (torch.float32, torch.float64) or 0 in images.shape:
        raise CrozeError(
            "An attack needs float32 or float64 images of shape (N, C, H, W), at least one, "
            f"got {images.dtype} of shape {tuple(images.shape)}."
        )
    low, high = (float(v) for v in torch.aminmax(images))
    if not (low >= -ROUNDING and high <= 1.0 + ROUNDING):
        raise CrozeError(
            f"Images to attack must lie in [0, 1], got values from {low:g} to {high:g}: divide by 255, and "
            "put the normalisation into the model."
        )
    if labels.shape != (len(images),) or labels.dtype != torch.int64:
        raise CrozeError(
            f"{len(images)} images need as many int64 labels, "
            f"got {labels.dtype} of shape {tuple(labels.shape)}."
        )
    weight = next((p for p in model.parameters() if p.is_floating_point()), images)
    if weight.dtype not in (torch.float32, torch.float64):
        raise CrozeError(
            f"An attack needs a model in float32 or float64, got {weight.dtype}: call model.float()."
        )
    # a copy even where nothing changes: the images may be tensors of inference mode, or not contiguous
    images = images.detach().clone().to(weight.device, weight.dtype).clamp(0, 1).contiguous()
    return images, labels.detach().clone().to(weight.device)


def _check_logits(logits: Tensor, labels: Tensor) -> None:
    count, classes = logits.shape
    if count != len(labels) or classes < 2:
        raise CrozeError(
            f"An attack needs a logit for each of two or more classes, got shape {tuple(logits.shape)} "
            f"for {len(labels)} images."
        )
    first, last = int(labels.min()), int(labels.max())
    if first < 0 or last >= classes:
        raise CrozeError(
            f"Labels must lie in 0..{classes - 1}, as the model has {classes} logits, "
            f"got {first if first < 0 else last}."
        )


def _mix(seed: int, first: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {first}".encode()).digest()[:7], "big")
