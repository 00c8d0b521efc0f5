"""Which units of a network are active: the signs that its rectifiers see, whoever calls them.

Rectifiers are found where torch calls them rather than by module, so a network that writes
`torch.relu(x)` in its forward pass shows its units as one with `nn.ReLU` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

RECTIFIERS: frozenset[Callable[..., Any]] = frozenset(
    {
        functional.relu,
        functional.relu_,
        functional.relu6,
        functional.leaky_relu,
        functional.leaky_relu_,
        functional.rrelu,
        functional.rrelu_,
        functional.elu,
        functional.elu_,
        functional.selu,
        functional.selu_,
        functional.celu,
        functional.celu_,
        functional.prelu,
        functional.gelu,
        functional.silu,
        functional.mish,
        functional.hardswish,
        functional.hardtanh,
        functional.hardtanh_,
        torch.relu,
        torch.rrelu,
        torch.selu,
        torch.celu,
        torch.relu_,
        torch.prelu,
        Tensor.relu,
        Tensor.relu_,
        Tensor.prelu,
    }
)
"""Activations that let positive inputs pass and hold negative ones back; gates such as sigmoid do not."""


CLIPS: frozenset[Callable[..., Any]] = frozenset({functional.hardtanh, functional.hardtanh_})
"""Of these, what clips on both sides: a rectifier only where it lets nothing negative pass, as in ReLU6."""


class ActivationCodes(TorchFunctionMode):
    """While this is active, note for every unit of every rectifier whether its input is positive.

    Args:
        images: N, how many images run through the network.

    Attributes:
        codes: one bool tensor `(N, units)` for each rectifier that ran on them, in order.
    """

    def __init__(self, images: int) -> None:
        super().__init__()
        self._images = images
        self.codes: list[Tensor] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Note the signs before the call, which may work in place."""
        kwargs = kwargs or {}
        if func in RECTIFIERS and not (func in CLIPS and _lower_bound(args, kwargs) < 0):
            x = args[0] if args else kwargs["input"]
            if x.ndim > 1 and len(x) == self._images:  # not a rectified parameter, which has no images
                self.codes.append((x.detach() > 0).flatten(1))
        return func(*args, **kwargs)


def _lower_bound(args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
    return float(args[1] if len(args) > 1 else kwargs.get("min_val", -1.0))
