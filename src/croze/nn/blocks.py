"""A network as a chain of blocks, for proxies that look at what each of them puts out."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def blocks_of(model: nn.Module) -> tuple[str, ...]:
    """Names of the blocks, in the order in which they are registered.

    A network may name them itself by a method `block_names()` without arguments. Without it they are the
    outermost modules with parameters: containers (`nn.Sequential`, `nn.ModuleList`, `nn.ModuleDict`) and the
    network itself are opened, everything else is one block; normalisation layers that stand alone belong to
    what comes before them and are no blocks.
    """
    method = getattr(type(model), "block_names", None)
    if callable(method):
        named: Sequence[str] = method(model)
        return tuple(named)
    return tuple(_opened(model, ""))


def _opened(module: nn.Module, prefix: str) -> list[str]:
    found = []
    for name, child in module.named_children():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(child, CONTAINERS):
            found += _opened(child, path)
        elif any(p.ndim > 1 for p in child.parameters()):
            found.append(path)
    return found
