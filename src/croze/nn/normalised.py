"""A classifier that takes pixels: the normalisation is part of the model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from croze.nn.forward import logits_of


class Normalised(nn.Module):
    """`network((x - mean) / std)`: images `(N, C, H, W)` in [0, 1] to logits `(N, classes)`.

    Mean and deviation are buffers, so that a state dict carries them.

    Args:
        network: takes normalised images; returns what `logits_of` understands.
        mean, std: per channel, in pixel space.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(list(mean), dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(list(std), dtype=torch.float32).view(1, -1, 1, 1))

    def normalise(self, images: Tensor) -> Tensor:
        """What the network takes; same shape."""
        return (images - self.mean.to(images.dtype)) / self.std.to(images.dtype)

    def forward(self, images: Tensor) -> Tensor:
        """The network's logits."""
        return logits_of(self.network(self.normalise(images)))
