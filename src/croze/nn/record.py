"""Recording of what layers put out, by forward hooks that are gone when the scope ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


@contextmanager
def execution_order(layers: Mapping[str, nn.Module]) -> Iterator[Collection[str]]:
    """Collect the names of these layers as they run; one that runs twice stands once."""
    order: dict[str, None] = {}

    def note(name: str) -> Callable[[nn.Module, Any], None]:
        def hook(_module: nn.Module, _inputs: Any) -> None:
            order[name] = None

        return hook

    handles = [module.register_forward_pre_hook(note(name)) for name, module in layers.items()]
    try:
        yield order.keys()
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def visited(names: Mapping[str, nn.Module], visit: Callable[[str, Tensor], None]) -> Iterator[None]:
    """Hand each of these modules' outputs, detached, to `visit` as soon as it is there.

    A later operation may work in place on the tensor, so `visit` must not keep it; outputs that are no
    tensors are passed over.
    """

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                visit(name, output.detach())

        return hook

    handles = [module.register_forward_hook(note(name)) for name, module in names.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def outputs(names: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Collect copies of these modules' outputs; a module that runs more than once keeps its last output."""
    found: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> None:
        found[name] = output.clone()

    with visited(names, keep):
        yield found


@contextmanager
def last_feature_map(model: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the last output of a module that has positions besides channels, one a forward pass.

    That is `(N, C, H, W)` or `(N, positions, C)` with more than one position. Where no module has such an
    output, it is the input of the last linear layer, `(N, C)`.
    """
    found: list[Tensor] = []
    maps: list[Tensor] = []
    inputs_of_linear: list[Tensor] = []

    def watch(module: nn.Module, inputs: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if (
            isinstance(first, Tensor)
            and first.ndim > 2
            and first[0].numel() > first.shape[-3 if first.ndim > 3 else -1]
        ):
            maps[:] = [first.detach()]
        if isinstance(module, nn.Linear) and inputs:
            inputs_of_linear[:] = [inputs[0].detach()]

    def end(_module: nn.Module, _inputs: Any, _output: Any) -> None:
        found.extend(maps or inputs_of_linear)

    handles = [m.register_forward_hook(watch) for m in model.modules() if m is not model]
    handles.append(model.register_forward_hook(end))
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
