"""A network and a batch, with every pass over them run at most once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from croze.nn.forward import logits_of
from croze.nn.initialise import initialise
from croze.nn.scratch import prepare, scratch
from croze.nn.seeding import seeded
from croze.nn.slots import Slots
from croze.types import Batch

P = ParamSpec("P")
T = TypeVar("T")


class Undefined(Exception):
    """A proxy has no value on this network and batch; the message says why and becomes the reason."""


class Passes:
    """What a proxy measures on: scratch copies of the network, normalised inputs, labels, a memory.

    Every proxy that runs in one `score` call gets the same object, so a pass that two of them need, written
    as a function of `Passes` and of its settings, is computed by the first and found by the second.

    Attributes:
        model: the network that was handed in; its weights are only ever read.
        inputs: normalised images `(N, C, H, W)` on the model's device and in its dtype.
        labels: int64 `(N,)`.
        shape: `(C, H, W)`.
        seed: for everything random in a pass.
        record_features: whether passes keep layer outputs, decided by the proxies of the call.
        layout: memory format of inputs and weights.
        own: whether the model is nobody else's, so that it may serve as the scratch copy itself.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Tensor,
        labels: Tensor,
        *,
        seed: int = 0,
        record_features: bool = False,
        layout: torch.memory_format = torch.contiguous_format,
        own: bool = False,
        as_model_takes: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.model = getattr(model, "_orig_mod", model)  # of a compiled network the original
        self.inputs = inputs.contiguous(memory_format=layout) if inputs.ndim == 4 else inputs
        self.labels = labels.clone()
        self.shape = tuple(inputs.shape[1:])
        self.seed = seed
        self.record_features = record_features
        self.layout = layout
        self.own = own
        self._as_model_takes = as_model_takes or (lambda x: x)
        self._memory: dict[Hashable, Any] = {}
        self._slots: dict[nn.Module, Slots] = {}

    @classmethod
    def over(
        cls,
        model: nn.Module,
        batch: Batch,
        *,
        seed: int,
        record_features: bool,
        normalises_input: bool,
        own: bool,
    ) -> Passes:
        """Passes over a batch, moved to the model's device and dtype.

        A model that normalises its input itself is handed pixels; the passes still work on normalised
        images, so that sizes in normalised space mean the same for both kinds. A model with an attribute
        `channels_last` that is true runs in that layout, in which CPU convolutions are about twice as fast.
        """
        reference = next((p for p in model.parameters() if p.is_floating_point()), None)
        if reference is not None:
            batch = batch.to(reference.device, reference.dtype)
        channels_last = getattr(model, "channels_last", False) is True
        return cls(
            model,
            batch.normalised(),
            batch.labels,
            seed=seed,
            record_features=record_features,
            layout=torch.channels_last if channels_last else torch.contiguous_format,
            own=own,
            as_model_takes=batch.pixels if normalises_input else None,
        )

    def once(self, function: Callable[Concatenate[Passes, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(self, *args, **kwargs)`, computed once and remembered; arguments must be hashable."""
        key = (function, args, tuple(sorted(kwargs.items())))
        if key not in self._memory:
            self._memory[key] = function(self, *args, **kwargs)
        result: T = self._memory[key]
        return result

    def network(self, init: str = "default") -> nn.Module:
        """The scratch copy with this initialisation, shared by all passes: read it, never change it."""
        return self.once(_network, init)

    @property
    def raw_inputs(self) -> Tensor:
        """What the model itself takes: normalised images, or pixels when it normalises them."""
        return self._as_model_takes(self.inputs).clone()

    def logits(self, network: nn.Module, x: Tensor, weights: dict[str, Tensor] | None = None) -> Tensor:
        """Logits of a scratch network for normalised inputs, optionally with other parameters in its place.

        Every call starts from the same state: anything random inside the network (dropout) repeats, and
        neither its buffers nor the inputs change, whatever it does to them.
        """
        if network not in self._slots:
            self._slots[network] = Slots(network)
        x = self._as_model_takes(x).clone()
        with seeded(self.seed, (x.device,)), self._slots[network].filled(weights or {}):
            return logits_of(network(x))

    def loss(self, network: nn.Module, x: Tensor, weights: dict[str, Tensor] | None = None) -> Tensor:
        """Mean cross-entropy of the batch's labels at normalised inputs `x`.

        Raises:
            Undefined: when labels lie beyond the logits, or logits or loss are not finite.
        """
        logits = self.logits(network, x, weights)
        if int(self.labels.max()) >= logits.shape[1]:
            raise Undefined(
                f"label {int(self.labels.max())} lies beyond the model's {logits.shape[1]} logits: "
                "build the model for the data set's number of classes"
            )
        value = functional.cross_entropy(logits, self.labels)
        if not (torch.isfinite(value) and torch.isfinite(logits).all()):
            raise Undefined("the logits or the loss are not finite")
        return value


def _network(passes: Passes, init: str) -> nn.Module:
    if passes.own and init == "default" and all(p.requires_grad for p in passes.model.parameters()):
        return prepare(passes.model, passes.layout)
    network = scratch(passes.model, passes.layout)
    initialise(network, init, passes.seed)
    return network
