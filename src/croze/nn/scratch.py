"""Working copies of a network, so that the one that was handed in stays as it was."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.nn.parameter import is_lazy

from croze.errors import CrozeError


def scratch(model: nn.Module, layout: torch.memory_format = torch.contiguous_format) -> nn.Module:
    """A private copy in training mode, every floating parameter trainable, no gradients stored.

    Args:
        model: any network that `copy.deepcopy` can copy; it is not changed.
        layout: how four-dimensional parameters and buffers lie in memory.

    Raises:
        CrozeError: when the network cannot be copied, or has parameters without a shape yet.
    """
    refuse_lazy(model)
    if isinstance(model, torch.jit.ScriptModule):
        raise CrozeError("A scripted model cannot be scored: pass the eager one it was made from.")
    try:
        twin = copy.deepcopy(model)
    except Exception as problem:
        raise CrozeError(
            f"The model cannot be copied ({problem}): build a fresh one for scoring."
        ) from problem
    return prepare(twin, layout)


def refuse_lazy(model: nn.Module) -> None:
    """Raise CrozeError when the network has parameters without a shape yet."""
    if any(is_lazy(p) for p in model.parameters()):
        raise CrozeError("The model has lazy layers without weights yet: run one batch through it first.")


def prepare(model: nn.Module, layout: torch.memory_format = torch.contiguous_format) -> nn.Module:
    """The same for a network of one's own: it is changed in place and returned, weights as they are."""
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


def without_batchnorm(model: nn.Module, keep: Collection[str] = ()) -> nn.Module:
    """Replace, in place, every BatchNorm by the identity, but for those below the modules named in `keep`."""
    return _without(model, (_BatchNorm,), keep)


def without_normalisation(model: nn.Module) -> nn.Module:
    """Replace, in place, every normalisation layer (batch, layer, group, instance) by the identity."""
    return _without(model, (_BatchNorm, nn.LayerNorm, nn.GroupNorm, _InstanceNorm, nn.RMSNorm), ())


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


def _without(model: nn.Module, kinds: tuple[type[nn.Module], ...], keep: Collection[str]) -> nn.Module:
    for name, module in list(model.named_modules()):
        for child_name, child in list(module._modules.items()):  # one that stands twice as well
            path = f"{name}.{child_name}" if name else child_name
            kept = any(path == root or path.startswith(f"{root}.") for root in keep)
            if isinstance(child, kinds) and not kept:
                setattr(module, child_name, nn.Identity())
    return model
