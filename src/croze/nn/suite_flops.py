"""FLOPs as NAS-Bench-Suite-Zero counts them, to compare with its published values digit by digit.

Found by matching the published values of NAS-Bench-201: multiply-adds of convolutions and linear layers, and
on top 2 for each element that BatchNorm takes in, 1 for each that an activation takes in, the window's size
for each element that a pooling layer gives; an adaptive pooling layer counts windows of (in / out + 1)^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from croze.nn.count import flop_count, seen_by_counters
from croze.nn.parts import Parts
from croze.nn.scratch import evaluating

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Hardswish, nn.PReLU)
POOLS = (nn.AvgPool2d, nn.MaxPool2d)
ADAPTIVE = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


def suite_flop_count(model: nn.Module, shape: Sequence[int]) -> int:
    """The count for one input of this shape `(C, H, W)`; modules count each time they run.

    Activations and pooling that are called as functions cannot be seen and do not count.
    """
    first = next(model.parameters(), None)
    x = (
        torch.zeros(1, *shape)
        if first is None
        else torch.zeros(1, *shape, device=first.device, dtype=first.dtype)
    )
    total = 0

    def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        nonlocal total
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            total += _extra(module, inputs[0], output)

    handles = [module.register_forward_hook(hook) for module in model.modules()]
    try:
        with evaluating(model), Parts(model).filled({}), torch.no_grad(), seen_by_counters():
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    return flop_count(model, shape) + total


def _extra(module: nn.Module, x: Tensor, output: Tensor) -> int:
    if isinstance(module, _BatchNorm):
        return 2 * x.numel()
    if isinstance(module, ACTIVATIONS):
        return x.numel()
    if isinstance(module, POOLS):
        size = module.kernel_size
        return output.numel() * (size * size if isinstance(size, int) else math.prod(size))
    if isinstance(module, ADAPTIVE) and x.ndim == 4:
        window = math.prod(a // b + 1 for a, b in zip(x.shape[2:], output.shape[2:], strict=True))
        return output.numel() * window
    return 0
