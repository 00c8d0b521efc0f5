"""Other tensors in the place of a network's parameters and buffers, for the length of a scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn


class Slots:
    """Every place where a network holds a parameter or a buffer; looked up once, filled any number of times.

    What `torch.func.functional_call` does, without its search through the whole network at every call. A
    tensor that several modules share is replaced in all of them.

    Args:
        network: must not gain or lose modules afterwards.
    """

    def __init__(self, network: nn.Module) -> None:
        self._buffers = dict(network.named_buffers())
        names = {id(tensor): name for name, tensor in (*network.named_parameters(), *self._buffers.items())}
        self._places: dict[str, list[tuple[dict[str, Tensor | None], str]]] = {n: [] for n in names.values()}
        for module in network.modules():
            held: dict[str, Tensor | None]
            for held in (module._parameters, module._buffers):  # type: ignore[assignment]
                for key, tensor in held.items():
                    if tensor is not None:
                        self._places[names[id(tensor)]].append((held, key))

    @contextmanager
    def filled(self, tensors: Mapping[str, Tensor]) -> Iterator[None]:
        """These tensors, by parameter name, in their places, and in the buffers' places copies of them.

        Afterwards everything is as before, whatever the network did to its buffers meanwhile.
        """
        fresh = {name: buffer.clone() for name, buffer in self._buffers.items()} | dict(tensors)
        saved = [(held, key, held[key]) for name in fresh for held, key in self._places[name]]
        try:
            for name, tensor in fresh.items():
                for held, key in self._places[name]:
                    held[key] = tensor
            yield
        finally:
            for held, key, before in saved:
                held[key] = before
