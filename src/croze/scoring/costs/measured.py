"""Latency measured on this device: the median of repeated forward passes after a warm-up."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.scoring.costs.base import Build, Cost


@dataclass(frozen=True)
class MeasuredLatency(Cost):
    """Milliseconds of one forward pass in evaluation mode, without gradients.

    It is a measurement: another run gives another value, and so does a machine that is busy, other workers
    included. A store keeps the first value, so that a search goes on with the numbers it began with.

    Args:
        images: in a pass.
        warm_up: passes that do not count.
        repeats: passes of which the median is taken.

    Raises:
        CrozeError: unless images and repeats are at least 1 and warm_up at least 0.
    """

    images: int = 1
    warm_up: int = 5
    repeats: int = 20

    unit = "ms"
    kept = True

    def __post_init__(self) -> None:
        if self.images < 1 or self.repeats < 1 or self.warm_up < 0:
            raise CrozeError(
                "Latency needs at least 1 image, 1 repeat and no negative warm-up, "
                f"got {self.images}, {self.repeats} and {self.warm_up}."
            )

    @property
    def spec(self) -> str:
        """`latency`, with the number of images when there are several."""
        return "latency" if self.images == 1 else f"latency(images={self.images})"

    def of(self, architecture: str, build: Build, inputs: Tensor) -> float:
        """Milliseconds, above 0; the number of torch threads is the caller's."""
        network = build().eval()
        copies = -(-self.images // len(inputs))
        images = inputs.repeat(copies, 1, 1, 1)[: self.images]
        taken = []
        with torch.inference_mode():
            for _ in range(self.warm_up):
                network(images)
            for _ in range(self.repeats):
                _finish(images.device)
                start = time.perf_counter()
                network(images)
                _finish(images.device)
                taken.append(time.perf_counter() - start)
        return 1000 * statistics.median(taken)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
