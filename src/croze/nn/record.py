"""Recording of what modules put out, by forward hooks that are gone when the scope ends, unseen by walks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def outputs(names: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Collect copies of these modules' outputs; a module that runs more than once keeps its last output.

    Outputs that are no tensors are passed over.
    """
    found: dict[str, Tensor] = {}

    def note(name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            with torch._C.DisableTorchFunction():  # which a walk would count
                found[name] = output.detach().clone()

    handles = [module.register_forward_hook(partial(note, name)) for name, module in names.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
