"""Networks without what hides their operations: compiled, parallel and scripted parts by their originals."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from croze.errors import CrozeError

TRACED = ("TopLevelTracedModule", "TracedModule")
"""Classes of modules whose code is not known."""


def unwrapped(model: nn.Module) -> nn.Module:
    """What a wrapper that changes nothing (compiled, parallel) holds; of a scripted module the original."""
    while True:
        held = model.__dict__.get("_modules", {})
        if "_orig_mod" in held:
            model = held["_orig_mod"]
        elif isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        else:
            break
    return (
        _eager(model, getattr(model, "_concrete_type", None))
        if isinstance(model, torch.jit.ScriptModule)
        else model
    )


def open_wrappers(model: nn.Module) -> None:
    """Replace wrappers and scripted functions within a network, in place."""
    for module in list(model.modules()):
        for name, child in list(module._modules.items()):
            if child is not None and (inner := unwrapped(child)) is not child:
                module._modules[name] = inner
                open_wrappers(inner)
        for name, value in list(module.__dict__.items()):
            if isinstance(value, torch.jit.ScriptFunction) and hasattr(value, "_torchdynamo_inline"):
                module.__dict__[name] = value._torchdynamo_inline
            elif callable(value) and hasattr(value, "_torchdynamo_orig_callable"):
                module.__dict__[name] = value._torchdynamo_orig_callable


def eager_parts(model: nn.Module) -> dict[int, Any]:
    """Originals of scripted modules and functions within a network, as a memory for `deepcopy`.

    A scripted module that was copied does not know its original any more, and a function cannot be copied.
    """
    found: dict[int, Any] = {}
    left = [model]
    while left:
        module = left.pop()
        if isinstance(module, torch.jit.ScriptModule):
            found[id(module)] = copy.deepcopy(unwrapped(module))
        else:
            for value in module.__dict__.values():
                if isinstance(value, torch.jit.ScriptFunction) and hasattr(value, "_torchdynamo_inline"):
                    found[id(value)] = value._torchdynamo_inline
            left += [child for child in module._modules.values() if child is not None]
    return found


def _eager(scripted: Any, concrete: Any) -> nn.Module:
    """The module that was scripted, with the parameters and attributes of the scripted one.

    Raises:
        CrozeError: when it is not known any more, as of a traced or loaded module.
    """
    kind = getattr(concrete, "py_class", None)
    if kind is None or type(scripted).__name__ in TRACED:
        raise CrozeError(
            f"The scripted module {getattr(scripted, 'original_name', type(scripted).__name__)} hides its "
            "operations: pass the eager one that it was made from."
        )
    module: nn.Module = kind.__new__(kind)
    nn.Module.__init__(module)
    for name, value in concrete.get_constants().items():
        setattr(module, name, value)
    children = dict(concrete.get_modules())
    for name, inner in children.items():
        module.add_module(name, _eager(getattr(scripted, name), inner))
    parameters, buffers = dict(scripted._parameters.items()), dict(scripted._buffers.items())
    for name in concrete.get_attributes():
        if name in parameters:
            p = parameters[name]
            module.register_parameter(name, nn.Parameter(p.detach(), p.requires_grad))
        elif name in buffers:
            module.register_buffer(name, buffers[name])
        elif getattr(scripted, name, None) is None and name in ("weight", "bias"):
            module.register_parameter(name, None)
        else:
            module.__dict__[name] = getattr(scripted, name)
    return module
