"""Recording of what layers put out, by forward hooks that are gone when the scope ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

LAYERS = (nn.Conv2d, nn.Linear)
"""The kinds of layer the CRoZe forms look at."""


def layers_of(model: nn.Module) -> dict[str, nn.Module]:
    """Every convolution (2d) and linear layer by name, in registration order."""
    return {name: module for name, module in model.named_modules() if isinstance(module, LAYERS)}


@contextmanager
def execution_order(model: nn.Module) -> Iterator[list[str]]:
    """Collect the names of convolution and linear layers as they run; one that runs twice stands once."""
    order: list[str] = []

    def note(name: str) -> Callable[[nn.Module, Any], None]:
        def hook(_module: nn.Module, _inputs: Any) -> None:
            if name not in order:
                order.append(name)

        return hook

    handles = [module.register_forward_pre_hook(note(name)) for name, module in layers_of(model).items()]
    try:
        yield order
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def outputs(model: nn.Module, names: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Collect detached copies of these modules' outputs.

    Copies, because a later operation may work in place on the tensor itself. A module that runs more than
    once keeps its last output; outputs that are no tensors are passed over.
    """
    found: dict[str, Tensor] = {}

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                found[name] = output.detach().clone()

        return hook

    handles = [module.register_forward_hook(note(name)) for name, module in names.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
