"""A corruption of CIFAR-C, severity s, as a perturbation of a proxy's inputs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions import Corruption, corrupt
from croze.perturb.base import Ball, GradientOf


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
