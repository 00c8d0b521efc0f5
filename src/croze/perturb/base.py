"""What an input perturbation is: a function of images, of the loss gradient and of a size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

GradientOf = Callable[[Tensor], Tensor]
"""The gradient of the loss with respect to the inputs, at these inputs; same shape."""

NORMS = ("linf", "l2")
"""In what the size of a perturbation is measured: its largest entry, or its Euclidean length."""


@dataclass(frozen=True)
class Ball:
    """Where a perturbed input may lie.

    Attributes:
        epsilon: size of the perturbation, in the units of the inputs (radius in `norm`, or the deviation of
            Gaussian noise).
        low, high: bounds of the inputs; None for none.
        ascend: towards a higher loss; the released code of CRoZe goes the other way.
        norm: out of `NORMS`; in both an input is measured as a whole, over all but its first dimension.
    """

    epsilon: float
    low: float | None = None
    high: float | None = None
    ascend: bool = True
    norm: str = "linf"

    def step(self, x: Tensor, gradient: Tensor, size: float) -> Tensor:
        """One step of this size along the gradient, clamped to the bounds.

        In l-inf along its sign, in l2 along its direction; where it is zero the input stays.
        """
        direction = gradient.sign() if self.norm == "linf" else _unit(gradient)
        return self.clamp(x + size * (direction if self.ascend else -direction))

    def project(self, x: Tensor, centre: Tensor) -> Tensor:
        """The point of the ball round `centre` next to `x`, then clamped to the bounds.

        Clamping never leads out of the ball again when the centre lies within the bounds.
        """
        moved = x - centre
        if self.norm == "linf":
            return self.clamp(centre + moved.clamp(-self.epsilon, self.epsilon))
        lengths = _spread(sizes(moved, "l2"), moved)
        return self.clamp(centre + moved * (self.epsilon / lengths.clamp_min(_tiny(x))).clamp_max(1.0))

    def uniform(self, centre: Tensor, generator: torch.Generator) -> Tensor:
        """A uniform point of the ball round `centre`, clamped to the bounds."""
        if self.norm == "linf":
            return self.clamp(centre + (2 * draw(torch.rand, centre, generator) - 1) * self.epsilon)
        direction = _unit(draw(torch.randn, centre, generator))
        # the share of the volume within radius r grows as r to the power of the dimension
        volume = torch.rand(len(centre), generator=generator, dtype=torch.float64)
        radius = (volume ** (1 / max(1, centre[:1].numel()))).to(centre)
        return self.clamp(centre + direction * (_spread(radius, centre) * self.epsilon))

    def clamp(self, x: Tensor) -> Tensor:
        """The inputs within the bounds."""
        return x if self.low is None and self.high is None else x.clamp(self.low, self.high)


class Perturbation(Protocol):
    """Shapes: inputs `(N, C, H, W)` in and out. `generator` lives on the CPU whatever the device is."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """The perturbed inputs; `x` itself is not changed."""
        ...


def draw(kind: Callable[..., Tensor], x: Tensor, generator: torch.Generator) -> Tensor:
    """Random numbers shaped like `x`, drawn on the CPU so that every device sees the same ones."""
    return kind(x.shape, generator=generator, dtype=torch.float32).to(x)


def sizes(difference: Tensor, norm: str) -> Tensor:
    """The size of each of `(N, ...)` differences, shape `(N,)`."""
    flat = difference.flatten(1)
    return flat.abs().amax(1) if norm == "linf" else torch.linalg.vector_norm(flat, dim=1)


def _unit(x: Tensor) -> Tensor:
    """Each input at length 1, zero where it is zero."""
    # squares of small gradients underflow: bring the largest entry to 1 first
    scaled = x / _spread(sizes(x, "linf"), x).clamp_min(_tiny(x))
    return scaled / _spread(sizes(scaled, "l2"), x).clamp_min(_tiny(x))


def _spread(values: Tensor, x: Tensor) -> Tensor:
    return values.view(-1, *[1] * (x.ndim - 1))


def _tiny(x: Tensor) -> float:
    return torch.finfo(x.dtype).tiny
