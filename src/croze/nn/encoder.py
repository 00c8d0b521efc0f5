"""What the encoder of a classifier puts out: the paper's e_psi, everything before the last linear layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


@contextmanager
def encodings(model: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the input of the last linear layer that runs, detached, `(N, D)`; one a forward pass.

    A network without linear layers gives its last output with positions, averaged over them.
    """
    found: list[Tensor] = []
    of_linear: list[Tensor] = []
    of_map: list[Tensor] = []

    def watch(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(module, nn.Linear) and inputs and isinstance(inputs[0], Tensor):
            of_linear[:] = [inputs[0].detach().flatten(1).clone()]
        elif isinstance(output, Tensor) and output.ndim == 4 and output[0, 0].numel() > 1:
            of_map[:] = [output.detach().mean((2, 3))]

    def end(_module: nn.Module, _inputs: Any, _output: Any) -> None:
        found.extend(of_linear or of_map)
        of_linear.clear()
        of_map.clear()

    handles = [module.register_forward_hook(watch) for module in model.modules() if module is not model]
    handles.append(model.register_forward_hook(end))
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
