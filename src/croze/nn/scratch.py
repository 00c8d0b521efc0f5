"""Working copies of a network, so that the one that was handed in stays as it was."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from croze.errors import CrozeError
from croze.nn.eager import eager_parts, open_wrappers, unwrapped

DEPTH = 3
"""How deep in lists and tuples kept tensors are looked for."""


def scratch(model: nn.Module, layout: torch.memory_format = torch.contiguous_format) -> nn.Module:
    """A private copy in training mode, every floating parameter trainable, no gradients stored.

    Args:
        model: any network that `copy.deepcopy` can copy; it is not changed.
        layout: how four-dimensional parameters and buffers lie in memory.

    Raises:
        CrozeError: when the network cannot be copied, or has parameters without a shape yet.
    """
    refuse_lazy(model)
    try:
        twin = copy.deepcopy(model, {**_kept_tensors(model), **eager_parts(model)})
    except Exception as problem:
        raise CrozeError(
            f"The model cannot be copied ({problem}): build a fresh one for scoring."
        ) from problem
    return prepare(unwrapped(twin), layout)


def _kept_tensors(model: nn.Module) -> dict[int, Any]:
    """Copies of tensors that modules keep from a pass, as a memory for `deepcopy`, which refuses them."""
    found: dict[int, Any] = {}

    def look(value: object, depth: int) -> None:
        if isinstance(value, Tensor):
            if value.grad_fn is not None:
                found[id(value)] = value.detach().clone()
        elif isinstance(value, Mapping):
            for item in value.values():
                look(item, depth)
        elif isinstance(value, list | tuple | set) and depth < DEPTH:
            for item in value:
                look(item, depth + 1)

    for module in model.modules():
        if not isinstance(module, torch.jit.ScriptModule):
            for name, value in module.__dict__.items():
                if name not in ("_modules", "_parameters"):
                    look(value, 0)
    return found


def refuse_lazy(model: nn.Module) -> None:
    """Raise CrozeError when the network has parameters without a shape yet."""
    if any(is_lazy(p) for p in model.parameters()):
        raise CrozeError("The model has lazy layers without weights yet: run one batch through it first.")


def prepare(model: nn.Module, layout: torch.memory_format = torch.contiguous_format) -> nn.Module:
    """The same for a network of one's own: it is changed in place and returned, weights as they are."""
    open_wrappers(model)
    modules = list(model.modules())
    # setting the mode of every module takes milliseconds, and the networks of spaces are built in this one;
    # a class with a `train` of its own has its reasons
    if any(not module.training or type(module).train is not nn.Module.train for module in modules):
        model.train()
    for module in modules:
        for parameter in module._parameters.values():
            if parameter is not None:
                parameter.grad = None
                parameter.requires_grad_(parameter.is_floating_point())
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is not None and tensor.ndim == 4:
                tensor.data = tensor.data.contiguous(memory_format=layout)
    return model


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The network in evaluation mode for the length of the scope; every module's mode is restored."""
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        yield
    finally:
        for module, training in modes.items():
            module.training = training
