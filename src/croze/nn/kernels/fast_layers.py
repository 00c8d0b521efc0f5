"""Where a network has an operation for which there is a faster way, the faster way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from weakref import ref

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import handle_torch_function, has_torch_function

from croze.nn.kernels.average_pool import SMALLEST, average_pool
from croze.nn.kernels.depthwise import depthwise, gains, knows
from croze.nn.kernels.layout import dense, lies_channels_last
from croze.nn.kernels.taps import tapped

Forward = Callable[[Tensor], Tensor]


class Quickened:
    """Layers of a network that torch is slow with, and how to compute them in another way.

    What a layer puts out stays the same up to rounding; hooks, parameters and buffers stay where they are.
    Layers of derived classes are left alone, for they may do something else. Kernel, stride, padding and
    dilation are those that a layer has now.

    Args:
        modules: every module of the network.
    """

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        listed = list(modules)
        self._rectified = _Rectified()
        self._forwards: list[tuple[dict[str, Any], Forward]] = []
        for relu in _before_convolutions(listed):
            self._replace(relu, self._rectified.relu)
        for module in listed:
            make = _FASTER.get(type(module))
            self._replace(module, make(module) if make is not None else None)

    def _replace(self, module: nn.Module, faster: Forward | None) -> None:
        if faster is not None and "forward" not in module.__dict__:
            self._forwards.append((module.__dict__, faster))

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
            self._rectified.clear()


class _Rectified:
    """Where several rectifiers see one map, as at the start of a cell's edges, only the first one works.

    What it gave is kept as long as the map is there, and no longer than the pass.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[ref[Tensor], Any, Tensor]] = {}

    def relu(self, x: Tensor) -> Tensor:
        """The map without its negative values; a tensor that others hold too, so nobody may write to it."""
        if has_torch_function((x,)):  # somebody counts rectifiers
            counted: Tensor = handle_torch_function(self.relu, (x,), x)
            return counted
        # somebody computes them again in the backward pass, or forbids to look at versions
        if _saved_elsewhere() or x.is_inference():
            return functional.relu(x)
        state = (x._version, torch.is_grad_enabled())
        known = self._known.get(id(x))
        if known is not None and known[0]() is x and known[1] == state:
            return known[2]
        found = functional.relu(x)
        key, held = id(x), self._known
        held[key] = (ref(x, lambda _: held.pop(key, None)), state, found)
        return found

    def clear(self) -> None:
        """Forget all maps."""
        self._known.clear()


def _saved_elsewhere() -> bool:
    """Whether somebody, such as a checkpoint, decides what autograd keeps for the backward pass."""
    return torch._C._autograd._top_saved_tensors_default_hooks(True) is not None


def _before_convolutions(modules: Sequence[nn.Module]) -> Iterator[nn.Module]:
    """Rectifiers whose output goes into a convolution and nowhere else, which does not write to it."""
    places = Counter(id(child) for module in modules for child in module._modules.values())
    for module in modules:
        if type(module) is not nn.Sequential:
            continue
        for relu, conv in pairwise(module):
            if type(relu) is not nn.ReLU or relu.inplace or places[id(relu)] > 1:
                continue
            if type(conv) is nn.Conv2d and not conv._forward_pre_hooks and not relu._forward_hooks:
                yield relu


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
        if x.ndim == 4 and x.shape[1] == conv.in_channels:
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
    """With a dense gradient, and without the running statistics, which training does not read.

    A gradient that is a slice of another one's channels (after a concatenation) sends torch down a path that
    takes several times as long as a copy.
    """
    assert isinstance(norm, nn.BatchNorm2d)

    def forward(x: Tensor) -> Tensor:
        fits = x.ndim == 4 and x.shape[1] == norm.num_features and x.numel() > x.shape[1]
        if not (norm.training and fits):
            return nn.BatchNorm2d.forward(norm, x)  # which reads the statistics, or refuses
        found = torch.batch_norm(x, norm.weight, norm.bias, None, None, True, 0.0, norm.eps, True)
        if found.requires_grad and lies_channels_last(x):
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
    nn.AvgPool2d: _average,
    nn.BatchNorm2d: _batch_norm,
}
