"""What a candidate may cost: checked on the `meta` device, before any network is allocated or run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from croze.nn.count import flop_count, parameter_count
from croze.spaces import Space
from croze.types import Architecture, Batch


@dataclass(frozen=True)
class Limits:
    """Upper bounds; None for no limit.

    Attributes:
        params: trainable parameters.
        flops: multiply-adds of one image.
    """

    params: int | None = None
    flops: int | None = None

    def broken_by(self, space: Space[Any], architecture: Architecture, batch: Batch) -> dict[str, int]:
        """The first limit that the network breaks, with its size; empty when it keeps them all."""
        if self.params is None and self.flops is None:
            return {}
        with torch.device("meta"):
            network = space.build(architecture, classes=batch.classes, seed=0)
        if self.params is not None and (params := parameter_count(network)) > self.params:
            return {"params": params}
        if self.flops is not None and (flops := flop_count(network, batch.images.shape[1:])) > self.flops:
            return {"flops": flops}
        return {}


def sizes(space: Space[Any], architecture: Architecture, batch: Batch) -> tuple[int, int]:
    """Parameters and multiply-adds of the network."""
    with torch.device("meta"):
        network = space.build(architecture, classes=batch.classes, seed=0)
    return parameter_count(network), flop_count(network, batch.images.shape[1:])
