"""Average pooling over 3x3 at stride 1 as a convolution with ones: several times as fast on a CPU."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import handle_torch_function, has_torch_function

from croze.nn.kernels.layout import dense

SMALLEST = 16
"""Maps with fewer rows gain nothing."""


class _AveragePool(torch.autograd.Function):
    """Sum of the neighbours, times one over how many lie within the map; transposed, in the other order."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return _sums(x) * _shares(*x.shape[2:])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _sums(dense(gradient) * _shares(*gradient.shape[2:]))


def average_pool(x: Tensor) -> Tensor:
    """Mean over each pixel's 3x3 neighbours that lie within the map, `(N, C, H, W)` in and out."""
    if has_torch_function((x,)):
        seen: Tensor = handle_torch_function(average_pool, (x,), x)
        return seen
    result: Tensor = _AveragePool.apply(x)  # type: ignore[no-untyped-call]
    return result


def _sums(x: Tensor) -> Tensor:
    return functional.conv2d(x, _ones(x.shape[1]), padding=1, groups=x.shape[1])


@lru_cache(maxsize=64)
def _ones(channels: int) -> Tensor:
    with torch.inference_mode(False):
        return dense(torch.ones(channels, 1, 3, 3, dtype=torch.float32, device="cpu"))


@lru_cache(maxsize=64)
def _shares(height: int, width: int) -> Tensor:
    with torch.inference_mode(False):
        ones = torch.ones(1, 1, height, width, dtype=torch.float32, device="cpu")
        return functional.avg_pool2d(ones, 3, stride=1, padding=1, divisor_override=1).reciprocal()
