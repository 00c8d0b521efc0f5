"""Where a network has an operation for which there is a faster way, the faster way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import has_torch_function

from croze.nn.kernels.average_pool import SMALLEST, average_pool
from croze.nn.kernels.depthwise import depthwise, gains, knows
from croze.nn.kernels.layout import channels_last, lies_channels_last
from croze.nn.kernels.taps import tapped

Forward = Callable[[Tensor], Tensor]

_RECTIFIED = "_croze_rectified"
"""Attribute of a map under which its rectified form is kept as long as the map itself."""


class Quickened:
    """Layers of a network that torch is slow with, and how to compute them in another way.

    What a layer puts out stays the same up to rounding; hooks, parameters and buffers stay where they are.
    Layers of derived classes are left alone, for they may do something else.

    Args:
        modules: every module of the network.

    Attributes:
        untouched: ids of buffers that forward passes neither read nor write while this is active.
    """

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        self._forwards: list[tuple[dict[str, Any], Forward]] = []
        untouched: set[int] = set()
        listed = list(modules)
        shareable = set(_before_convolutions(listed))
        for module in listed:
            make = _FASTER.get(type(module))
            if make is None or "forward" in module.__dict__:
                continue
            faster = make(module) if type(module) is not nn.ReLU or module in shareable else None
            if faster is not None:
                self._forwards.append((module.__dict__, faster))
                if isinstance(module, nn.BatchNorm2d):
                    untouched |= {id(buffer) for buffer in module._buffers.values()}
        self.untouched = frozenset(untouched)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Forward passes within the scope take the other way; afterwards the network is as it was."""
        try:
            for held, faster in self._forwards:
                held["forward"] = faster
            yield
        finally:
            for held, _ in self._forwards:
                held.pop("forward", None)


def _before_convolutions(modules: Iterable[nn.Module]) -> Iterator[nn.Module]:
    """Rectifiers whose output goes into a convolution and nowhere else, which does not write to it."""
    for module in modules:
        if type(module) is nn.Sequential:
            for first, second in pairwise(module):
                if type(first) is nn.ReLU and not first.inplace and type(second) is nn.Conv2d:
                    yield first


def _rectifier(relu: nn.Module) -> Forward:
    """Where several rectifiers see one map, as at the start of a cell's edges, only the first one works."""

    def forward(x: Tensor) -> Tensor:
        if has_torch_function((x,)):  # somebody counts rectifiers
            return functional.relu(x)
        state = (x._version, torch.is_grad_enabled())
        known: tuple[Any, Tensor] | None = getattr(x, _RECTIFIED, None)
        if known is not None and known[0] == state:
            return known[1]
        found = functional.relu(x)
        setattr(x, _RECTIFIED, (state, found))
        return found

    return forward


def _convolution(conv: nn.Module) -> Forward | None:
    assert isinstance(conv, nn.Conv2d)
    depth_wise = 1 < conv.in_channels == conv.groups == conv.out_channels
    if not depth_wise or conv.padding_mode != "zeros" or conv.bias is not None:
        return None
    kernel, stride, padding, dilation = (
        _one(value) for value in (conv.kernel_size, conv.stride, conv.padding, conv.dilation)
    )
    if kernel is None or stride is None or padding is None or dilation is None:
        return None
    if padding > dilation * (kernel - 1):
        return None
    known = knows(kernel, stride, padding, dilation)

    def forward(x: Tensor) -> Tensor:
        if known and lies_channels_last(x) and gains(x, kernel, dilation):
            return depthwise(x, conv.weight, dilation=dilation, stride=stride)
        if lies_channels_last(x, torch.float64):
            return tapped(x, conv.weight, stride, padding, dilation)
        return nn.Conv2d.forward(conv, x)

    return forward


def _average(pool: nn.Module) -> Forward | None:
    assert isinstance(pool, nn.AvgPool2d)
    usual = [_one(value) for value in (pool.kernel_size, pool.stride, pool.padding)] == [3, 1, 1]
    if not usual or pool.count_include_pad or pool.divisor_override is not None:
        return None

    def forward(x: Tensor) -> Tensor:
        if lies_channels_last(x) and x.shape[2] >= SMALLEST:
            return average_pool(x)
        return nn.AvgPool2d.forward(pool, x)

    return forward


def _batch_norm(norm: nn.Module) -> Forward:
    """Without the running statistics, which training does not read; with a dense gradient.

    A gradient that is a slice of another one's channels (after a concatenation) sends torch down a path that
    takes several times as long as a copy. Where the first one came whole, later ones will.
    """
    assert isinstance(norm, nn.BatchNorm2d)
    sliced = True

    def dense(gradient: Tensor) -> Tensor:
        nonlocal sliced
        sliced = not gradient.is_contiguous(memory_format=torch.channels_last)
        return channels_last(gradient) if sliced else gradient

    def forward(x: Tensor) -> Tensor:
        if not norm.training or x.ndim != 4 or x.numel() == x.shape[1]:
            return nn.BatchNorm2d.forward(norm, x)  # which reads the statistics, or refuses
        found = torch.batch_norm(x, norm.weight, norm.bias, None, None, True, 0.0, norm.eps, True)
        if sliced and found.requires_grad and lies_channels_last(x):
            found.register_hook(dense)  # type: ignore[no-untyped-call]
        return found

    return forward


def _one(value: int | str | tuple[int, ...]) -> int | None:
    """The number that holds for both directions; None where there is none."""
    if isinstance(value, tuple):
        return value[0] if len(set(value)) == 1 else None
    return value if isinstance(value, int) else None


_FASTER: dict[type[nn.Module], Callable[[nn.Module], Forward | None]] = {
    nn.Conv2d: _convolution,
    nn.ReLU: _rectifier,
    nn.AvgPool2d: _average,
    nn.BatchNorm2d: _batch_norm,
}
