"""The input perturbations, and how one is found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions import Corruption, corrupt, parse_corruption
from croze.errors import CrozeError
from croze.perturb.base import Ball, GradientOf, Perturbation, draw


class FGSM:
    """Fast gradient sign method, `x' = x + epsilon * sign(dL/dx)`; in l2 along the gradient itself.

    Goodfellow et al. 2015; Eq. 4 of the CRoZe paper.
    """

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        return ball.step(x, gradient(x), ball.epsilon)


@dataclass(frozen=True)
class PGD:
    """Projected gradient descent: 7 steps from a random start in the ball.

    In l-inf or l2 (Madry et al. 2018).

    Attributes:
        steps: number of gradient steps; the paper trains with 7.
        relative_step: step size in units of epsilon; the paper's is 2/255 of 8/255.
        random_start: whether to begin at a uniform point of the ball.
    """

    steps: int = 7
    relative_step: float = 0.25
    random_start: bool = True

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        return self.climb(x, ball.uniform(x, generator) if self.random_start else x, gradient, ball)

    def climb(self, x: Tensor, start: Tensor, gradient: GradientOf, ball: Ball) -> Tensor:
        """The same from a start of one's own in the ball around `x`."""
        perturbed = start
        for _ in range(self.steps):
            moved = ball.step(perturbed, gradient(perturbed), self.relative_step * ball.epsilon)
            perturbed = ball.project(moved, x)
        return perturbed


class Gaussian:
    """Gaussian noise, `x' = x + epsilon * N(0, 1)`."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        return ball.clamp(x + ball.epsilon * draw(torch.randn, x, generator))


class Uniform:
    """Uniform noise, `x' = x + U(-epsilon, epsilon)`."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        return ball.clamp(x + ball.epsilon * (2 * draw(torch.rand, x, generator) - 1))


class Unperturbed:
    """No perturbation of the inputs, `x' = x`, whatever the bounds."""

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        return x


@dataclass(frozen=True)
class Corrupting:
    """Corrupts the images behind normalised inputs; the ball's size plays no part, its bounds do.

    Attributes:
        corruption: which, and how severe.
        mean, std: of the inputs' normalisation per channel, in pixel space; one value serves all channels.
    """

    corruption: Corruption
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __call__(self, x: Tensor, gradient: GradientOf, ball: Ball, generator: torch.Generator) -> Tensor:
        """The inputs that belong to the corrupted images.

        Raises:
            CrozeError: for images that are not RGB.
        """
        mean, std = (x.new_tensor(values).view(1, -1, 1, 1) for values in (self.mean, self.std))
        # rounding of the normalisation may leave [0, 1] by a hair
        images = (x.detach() * std + mean).clamp(0.0, 1.0)
        seed = int(torch.randint(2**31, (), generator=generator))
        corrupted = corrupt(images, self.corruption.name, self.corruption.severity, seed=seed)
        return ball.clamp((corrupted - mean) / std)


PERTURBATIONS: Mapping[str, Perturbation] = {
    "fgsm": FGSM(),
    "pgd": PGD(),
    "gaussian": Gaussian(),
    "uniform": Uniform(),
    "none": Unperturbed(),
}


CORRUPTION = "corruption:"
"""What stands before a corruption and its severity, as in `corruption:fog@3`."""


def find_perturbation(
    name: str, mean: tuple[float, ...] = (0.0,), std: tuple[float, ...] = (1.0,)
) -> Perturbation:
    """The perturbation of this name.

    Args:
        name: one of `PERTURBATIONS`, or a corruption such as `corruption:fog@3`.
        mean, std: normalisation of the inputs, which a corruption undoes; pixels without.

    Raises:
        CrozeError: for an unknown name; the message lists the known ones.
    """
    if name.startswith(CORRUPTION):
        return Corrupting(parse_corruption(name.removeprefix(CORRUPTION)), mean, std)
    try:
        return PERTURBATIONS[name]
    except KeyError:
        raise CrozeError(
            f"Unknown perturbation {name!r}; choose one of {', '.join(PERTURBATIONS)}, or a corruption such "
            f"as {CORRUPTION}fog@3."
        ) from None
