"""A module once more, with weights of its own: faster than building it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

P = ParamSpec("P")

DRAWN = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
"""Layers whose fresh weights are random numbers; those of the others are always the same."""

_CONTAINERS = tuple(
    (name, type(value))
    for name, value in nn.Module().__dict__.items()
    if isinstance(value, dict | set) and name not in ("_parameters", "_buffers", "_modules")
)
"""Where a module keeps its hooks; each needs its own."""


def repeating(build: Callable[P, nn.Module]) -> Callable[P, nn.Module]:
    """What builds modules; what it has built before with the same arguments comes as a twin.

    The first of them must not be changed until the last one is made.
    """
    built: dict[Any, nn.Module] = {}

    def make(*args: P.args, **kwargs: P.kwargs) -> nn.Module:
        key = (args, tuple(sorted(kwargs.items())))
        if key in built:
            return twin(built[key])
        built[key] = build(*args, **kwargs)
        return built[key]

    return make


def twin(module: nn.Module) -> nn.Module:
    """What building the module anew would give: the same structure, freshly initialised, no hooks.

    Random numbers are drawn in the order in which the layers are registered, which has to be the one in
    which they are made.

    Args:
        module: just built: convolutions and linear layers with torch's own initialisation, BatchNorm, and
            anything that has no parameters and no buffers. Attributes of the modules themselves are shared
            by the twins, so they must not be changed.

    Raises:
        TypeError: for a layer whose initialisation is not known.
    """
    copied = object.__new__(type(module))
    held = module.__dict__.copy()
    for name, kind in _CONTAINERS:
        held[name] = kind(held[name]) if held[name] else kind()
    copied.__dict__ = held
    parameters, buffers = module._parameters, module._buffers
    if parameters or buffers:
        if not isinstance(module, (*DRAWN, _BatchNorm)):
            raise TypeError(f"no twin of a {type(module).__name__}: its initialisation is not known")
        fresh: Callable[[Tensor], Tensor] = torch.empty_like if isinstance(module, DRAWN) else torch.clone
        held["_parameters"] = {
            name: None if p is None else nn.Parameter(fresh(p.detach())) for name, p in parameters.items()
        }
        held["_buffers"] = {name: None if b is None else b.clone() for name, b in buffers.items()}
    else:
        held["_parameters"], held["_buffers"] = {}, {}
    if isinstance(module, DRAWN):
        cast(Any, copied).reset_parameters()
    held["_modules"] = {
        name: None if child is None else twin(child) for name, child in module._modules.items()
    }
    return copied
