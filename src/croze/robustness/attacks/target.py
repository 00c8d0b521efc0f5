"""What an attack is given (model, images, ball), the losses it raises, and the best it has found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from croze.errors import CrozeError
from croze.nn.forward import correct_of, logits_of
from croze.nn.scratch import evaluating, refuse_lazy
from croze.nn.seeding import exact_convolutions, seeded
from croze.perturb.base import Ball

Loss = Callable[[Tensor, Tensor], Tensor]
"""Logits `(N, classes)` and labels `(N,)` to values `(N,)`, higher where the model is more wrong."""


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy (Madry et al. 2018, eq. 2.1)."""
    return functional.cross_entropy(logits, labels, reduction="none")


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """The best other logit minus the label's, above 0 where the model errs (Carlini & Wagner 2017, f6)."""
    own = functional.one_hot(labels, logits.shape[1]).bool()
    others = logits.masked_fill(own, -torch.inf).amax(1)
    return others - logits.gather(1, labels[:, None])[:, 0]


LOSSES: Mapping[str, Loss] = {"ce": cross_entropy, "margin": margin}


@dataclass
class Spent:
    """Images that went through a network, forward and backward."""

    forwards: int = 0
    backwards: int = 0


class Target:
    """A classifier whose use is counted.

    Args:
        model: takes pixels `(N, C, H, W)` in [0, 1], returns what `logits_of` understands.
        call: what is called in its place; None for the model.
        spent: where to count; None to begin at 0.
    """

    def __init__(
        self, model: nn.Module, call: Callable[[Tensor], Any] | None = None, spent: Spent | None = None
    ) -> None:
        self.model = model
        self.spent = spent or Spent()
        self._call = call or model

    def __call__(self, x: Tensor) -> Tensor:
        """The logits `(N, classes)`, with their graph where `x` asks for a gradient."""
        logits = logits_of(self._call(x))
        self.spent.forwards += len(x)
        if logits.requires_grad:
            logits.register_hook(partial(self._went_back, len(x)))  # type: ignore[no-untyped-call]
        return logits

    def logits(self, x: Tensor) -> Tensor:
        """The logits without a graph."""
        with torch.no_grad():
            return self(x)

    def gradient(self, x: Tensor, loss: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """The gradient at `x` of the sum over images of `loss(logits)`, and the logits.

        Raises:
            CrozeError: when the logits do not depend on the images in a way that can be differentiated.
        """
        x, logits = self.recorded(x)
        return self.backward(loss(logits).sum(), x), logits.detach()

    def recorded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A copy of `x` that asks for a gradient, and its logits; raises as `gradient`."""
        x = x.detach().clone().requires_grad_()
        logits = self(x)
        if not logits.requires_grad:
            raise CrozeError(_FLAT)
        return x, logits

    @staticmethod
    def backward(value: Tensor, x: Tensor, keep: bool = False) -> Tensor:
        """The gradient of a scalar at `x`; raises as `gradient`. `keep` the graph for another one."""
        (gradient,) = torch.autograd.grad(value, x, retain_graph=keep, allow_unused=True)
        if gradient is None:
            raise CrozeError(_FLAT)
        # where a network overflows there is no direction to go; other images of the batch have one
        return torch.nan_to_num(gradient, nan=0.0, posinf=0.0, neginf=0.0)

    def _went_back(self, images: int, gradient: Tensor) -> None:
        self.spent.backwards += images


@contextmanager
def isolated(model: nn.Module, seed: int) -> Iterator[None]:
    """Evaluation mode, no gradients for weights, random state of its own; everything is restored."""
    refuse_lazy(model)
    parameters = list(model.parameters())
    trainable = [parameter.requires_grad for parameter in parameters]
    devices = tuple({parameter.device for parameter in parameters})
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        seeded(seed, devices),
        exact_convolutions(),
        evaluating(model),
    ):
        try:
            for parameter in parameters:
                parameter.requires_grad_(False)
            yield
        finally:
            for parameter, before in zip(parameters, trainable, strict=True):
                parameter.requires_grad_(before)


_FLAT = (
    "The model's logits cannot be differentiated with respect to its images; use an attack that needs no "
    "gradients, square or spsa."
)


@dataclass(frozen=True, eq=False)
class Task:
    """Images that the target classifies correctly, to be perturbed within a ball.

    Attributes:
        target: the model.
        images: `(N, C, H, W)` in [0, 1], N above 0.
        labels: `(N,)`.
        ball: bounds 0 and 1.
        classes: number of logits.
        generator: on the CPU; the only source of randomness of an attack.
    """

    target: Target
    images: Tensor
    labels: Tensor
    ball: Ball
    classes: int
    generator: torch.Generator

    def part(self, rows: Tensor) -> Task:
        """The same for these images only."""
        return replace(self, images=self.images[rows], labels=self.labels[rows])

    def fooled(self, logits: Tensor) -> Tensor:
        """Where the prediction is not the label, or not finite, `(N,)`."""
        return ~correct_of(logits, self.labels)


class Best:
    """For every image the candidate with the highest margin loss: adversarial where any candidate was.

    Attributes:
        images: the candidates, at first the images themselves.
        fooled: `(N,)`, whether the candidate is adversarial.
    """

    def __init__(self, task: Task) -> None:
        self.images = task.images.clone()
        self.fooled = torch.zeros(len(task.images), dtype=torch.bool, device=task.images.device)
        self._labels = task.labels
        self._margin = torch.full_like(task.images[:, 0, 0, 0], -torch.inf)

    def left(self) -> Tensor:
        """Indices of the images without an adversarial candidate."""
        return torch.nonzero(~self.fooled)[:, 0]

    def offer(self, rows: Tensor, candidates: Tensor, logits: Tensor) -> Tensor:
        """Candidates for the images at `rows`, with their logits; returns which of them are adversarial."""
        labels = self._labels[rows]
        value, fooled = margin(logits, labels), ~correct_of(logits, labels)
        better = (value > self._margin[rows]) | (fooled & ~self.fooled[rows])
        chosen = rows[better]
        self.images[chosen] = candidates.detach()[better]
        self._margin[chosen] = value[better]
        self.fooled[rows] |= fooled
        return fooled


class Adam:
    """The running moments for a tensor `(N, ...)`.

    Args:
        like: shape, dtype and device.
        lr: step size.
    """

    def __init__(self, like: Tensor, lr: float) -> None:
        self._lr, self._time = lr, 0
        self._first, self._second = torch.zeros_like(like), torch.zeros_like(like)

    def step(self, gradient: Tensor) -> Tensor:
        """What to subtract to go downhill."""
        self._time += 1
        self._first.lerp_(gradient, 0.1)
        self._second.lerp_(gradient.square(), 0.001)
        mean = self._first / (1 - 0.9**self._time)
        deviation = (self._second / (1 - 0.999**self._time)).sqrt()
        return self._lr * mean / (deviation + 1e-8)

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only."""
        self._first, self._second = self._first[rows], self._second[rows]
