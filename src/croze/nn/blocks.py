"""A network as a chain of blocks, for proxies that look at what each of them puts out."""

from __future__ import annotations

from torch import nn


def declared_blocks(model: nn.Module) -> tuple[str, ...]:
    """Names of the modules that a network names as its blocks; none where it does not.

    It does so by a method `block_names()` without arguments, also when it stands within wrappers. The
    blocks of other networks are found in the graph of operations, see `nn.plan`.
    """
    for path, module in model.named_modules():
        method = getattr(type(module), "block_names", None)
        if callable(method):
            return tuple(f"{path}.{name}" if path else name for name in method(module))
    return ()
