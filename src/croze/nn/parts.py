"""The modules, parameters and buffers of a network, and other tensors in their place for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from torch import Tensor, nn


class Parts:
    """A network's modules, parameters and buffers; looked up in one walk, used any number of times.

    Walking through a network takes milliseconds, so that whatever needs several of these shares one walk.

    Args:
        network: must not gain or lose modules afterwards.

    Attributes:
        modules: every module by name, the network itself as ``""``.
        parameters: by name; one that several modules share stands once, under its first name.
    """

    def __init__(self, network: nn.Module) -> None:
        self.modules: dict[str, nn.Module] = dict(network.named_modules())
        self.parameters: dict[str, nn.Parameter] = {}
        self._buffers: dict[str, Tensor] = {}
        self._places: dict[str, list[tuple[dict[str, Tensor | None], str]]] = {}
        names: dict[int, str] = {}
        for path, module in self.modules.items():
            held: dict[str, Tensor | None]
            for held in (module._parameters, module._buffers):  # type: ignore[assignment]
                for key, tensor in held.items():
                    if tensor is None:
                        continue
                    name = names.setdefault(id(tensor), f"{path}.{key}" if path else key)
                    self._places.setdefault(name, []).append((held, key))
                    if held is module._parameters:
                        self.parameters[name] = cast(nn.Parameter, tensor)
                    else:
                        self._buffers[name] = tensor

    @contextmanager
    def filled(self, tensors: Mapping[str, Tensor]) -> Iterator[None]:
        """These tensors, by parameter name, in their places, and in the buffers' places copies of them.

        Afterwards everything is as before, whatever the network did to its buffers meanwhile. This is what
        `torch.func.functional_call` does, without its search through the network at every call; a tensor
        that several modules share is replaced in all of them.
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
