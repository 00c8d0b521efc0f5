"""Adam (Kingma & Ba 2015, Algorithm 1) on a tensor whose rows can be dropped while it runs."""

from __future__ import annotations

import torch
from torch import Tensor


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
