"""A network and a batch, with every pass over them run at most once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from croze.nn.eager import unwrapped
from croze.nn.forward import outputs_of
from croze.nn.initialise import initialise
from croze.nn.kernels import Quickened
from croze.nn.parts import Parts
from croze.nn.plan import Plan
from croze.nn.scratch import prepare, refuse_lazy, scratch
from croze.nn.seeding import seeded
from croze.nn.trace import IMAGES, plan_of
from croze.nn.walk import Walk, without_fused_attention
from croze.nn.watch import Watch
from croze.perturb.base import draw as draw_like
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
        classes: number of classes of the data set.
        seed: for everything random in a pass.
        asked: what the proxies of the call ask of the shared clean pass, as pairs of an initialisation and a
            part; see `Proxy.asks`.
        micro_batch: most images that a network sees at once in the passes that can be cut; None for all.
        layout: memory format of inputs and weights.
        own: whether the model is nobody else's, so that it may serve as the scratch copy itself.
        mean, std: of the inputs' normalisation, in pixel space; inputs are pixels without.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Tensor,
        labels: Tensor,
        *,
        classes: int | None = None,
        seed: int = 0,
        asked: Collection[tuple[str, str]] = (),
        micro_batch: int | None = None,
        layout: torch.memory_format = torch.contiguous_format,
        own: bool = False,
        as_model_takes: Callable[[Tensor], Tensor] | None = None,
        mean: tuple[float, ...] = (0.0,),
        std: tuple[float, ...] = (1.0,),
    ) -> None:
        self.model = unwrapped(model)
        self.inputs = inputs.contiguous(memory_format=layout) if inputs.ndim == 4 else inputs
        self.labels = labels.clone()
        self.shape = tuple(inputs.shape[1:])
        self.classes = int(labels.max()) + 1 if classes is None else classes
        self.seed = seed
        self.asked = frozenset(asked)
        self.micro_batch = micro_batch
        self.layout = layout
        self.own = own
        self.mean, self.std = mean, std
        self._as_model_takes = as_model_takes or (lambda x: x)
        self._memory: dict[Hashable, Any] = {}
        self._failed: dict[Hashable, Exception] = {}
        self._no_logits = ""
        self._parts: dict[nn.Module, Parts] = {}
        self._quickened: dict[nn.Module, Quickened] = {}
        self._plans: dict[tuple[bool, tuple[int, ...]], Plan] = {}
        self._leaves: dict[tuple[nn.Module, bool], dict[str, Tensor]] = {}

    @classmethod
    def over(
        cls,
        model: nn.Module,
        batch: Batch,
        *,
        seed: int,
        asked: Collection[tuple[str, str]],
        normalises_input: bool,
        own: bool,
        micro_batch: int | None = None,
    ) -> Passes:
        """Passes over a batch, moved to the model's device and dtype.

        A model that normalises its input itself is handed pixels; the passes still work on normalised
        images, so that sizes in normalised space mean the same for both kinds. A model with an attribute
        `channels_last` that is true runs in that layout, in which CPU convolutions are about twice as fast,
        and on a CPU with the kernels of `croze.nn.kernels` in the place of some of torch's.
        """
        refuse_lazy(model)
        reference = next((p for p in model.parameters() if p.is_floating_point()), None)
        if reference is not None:
            batch = batch.to(reference.device, reference.dtype)
        channels_last = any(getattr(module, "channels_last", False) is True for module in model.modules())
        return cls(
            model,
            batch.normalised(),
            batch.labels,
            classes=batch.classes,
            seed=seed,
            asked=asked,
            micro_batch=micro_batch,
            layout=torch.channels_last if channels_last else torch.contiguous_format,
            own=own,
            as_model_takes=batch.pixels if normalises_input else None,
            mean=batch.mean,
            std=batch.std,
        )

    def once(self, function: Callable[Concatenate[Passes, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(self, *args, **kwargs)`, computed once; failures are remembered too."""
        key = (function, args, tuple(sorted(kwargs.items())))
        if key in self._failed:
            raise self._failed[key]
        if key not in self._memory:
            try:
                self._memory[key] = function(self, *args, **kwargs)
            except Exception as problem:
                # without its frames, which hold the graph of the pass
                self._failed[key] = problem.with_traceback(None)
                raise self._failed[key] from None
        result: T = self._memory[key]
        return result

    def network(self, init: str = "default", draw: int = 0) -> nn.Module:
        """The scratch copy with this initialisation, shared by all passes: read it, never change it.

        `draw` counts fresh draws of the weights; it means nothing for `default`, which draws none.
        """
        network = self.once(_network, init, draw)
        self.parts(network)  # before anybody hangs hooks of the moment on its layers
        return network

    def parts(self, network: nn.Module) -> Parts:
        """Modules and parameters of a network by name, looked up once."""
        if network not in self._parts:
            parts = self._parts[network] = Parts(network)
            fits = self.layout == torch.channels_last and self.inputs.device.type == "cpu"
            self._quickened[network] = Quickened(parts.modules.values() if fits else ())
        return self._parts[network]

    def plan(self, network: nn.Module, shape: Sequence[int] | None = None) -> Plan:
        """What the operations of a network are; found once, for all copies of it in the same mode.

        Args:
            network: a scratch copy.
            shape: of the images, `(C, H, W)`; that of the batch where it is not given.

        Raises:
            CrozeError: when it runs operations that cannot be seen.
        """
        key = network.training, tuple(shape or self.shape)
        if key not in self._plans:
            x = self._two_images(network, key[1])
            parameters = self.parts(network).parameters
            self._plans[key] = plan_of(lambda walk: self._run(network, x, walk=walk), parameters)
        return self._plans[key]

    def parameters(self, network: nn.Module) -> dict[str, Tensor]:
        """Every parameter by name, and by the plan's names the weights that the network computes from them.

        Those are tensors of their own, which stand in the place of the computed ones in every pass.
        """
        return {**self.parts(network).parameters, **self._computed(network)}

    def weights(self, network: nn.Module) -> dict[str, Tensor]:
        """The weight of every layer, detached, in forward order."""
        parameters = self.parameters(network)
        return {
            layer: piece.read(parameters[piece.parameter].detach())
            for layer, piece in self.plan(network).layers.items()
        }

    def holders(self, network: nn.Module) -> dict[str, Tensor]:
        """The parameters that hold the weights of layers, by name."""
        parameters = self.parameters(network)
        return {piece.parameter: parameters[piece.parameter] for piece in self.plan(network).layers.values()}

    def placed(self, network: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Parameters with these weights of layers in their places, each a leaf of its own, by name."""
        parameters = self.parameters(network)
        found: dict[str, Tensor] = {}
        for layer, weight in weights.items():
            piece = self.plan(network).layers[layer]
            if piece.index is None:
                found[piece.parameter] = weight.detach()
                continue
            if piece.parameter not in found:
                found[piece.parameter] = parameters[piece.parameter].detach().clone()
            piece.write(found[piece.parameter], weight.detach())
        return {name: tensor.requires_grad_(True) for name, tensor in found.items()}

    def by_layer(self, network: nn.Module, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Of tensors by parameter, such as gradients, what belongs to each layer, in forward order."""
        return {
            layer: piece.read(found[piece.parameter])
            for layer, piece in self.plan(network).layers.items()
            if piece.parameter in found
        }

    def watch(self, network: nn.Module, x: Tensor) -> Watch:
        """A watch over a pass of these images, to be told what to look for and handed to `logits`."""
        return Watch(self.plan(network, x.shape[1:]), len(x))

    def _computed(self, network: nn.Module) -> dict[str, Tensor]:
        plan = self.plan(network)
        key = network, network.training
        if key not in self._leaves:
            found: dict[str, Tensor] = {}
            if plan.computed:
                watch = Watch(plan, IMAGES)
                watch.computed_weights(found)
                with torch.no_grad():
                    self._run(network, self._two_images(network, self.shape), walk=watch)
            self._leaves[key] = {name: tensor.requires_grad_(True) for name, tensor in found.items()}
        return self._leaves[key]

    def keep_computed(self, network: nn.Module) -> None:
        """Weights that were computed and then filled anew are those of evaluation mode too."""
        self._leaves[network, False] = self._computed(network)

    def _two_images(self, network: nn.Module, shape: tuple[int, ...]) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed % 2**63)
        x = draw_like(torch.randn, self._like(IMAGES, shape), generator)
        dtype = next((p.dtype for p in network.parameters() if p.is_floating_point()), x.dtype)
        return self._as_model_takes(x).to(dtype)

    def noise(self, images: int, *, count: int = 1, size: int | None = None, stream: int = 0) -> list[Tensor]:
        """`count` independent batches of N(0, 1) noise in normalised image space, each `(images, C, H, W)`.

        Height and width are those of the batch, or both `size`. Drawn on the CPU, so that every device sees
        the same; the same `stream` gives the same noise again.
        """
        generator = torch.Generator().manual_seed((self.seed + stream) % 2**63)
        shape = self.shape if size is None else (self.shape[0], size, size)
        like = self._like(images, shape)
        return [draw_like(torch.randn, like, generator) for _ in range(count)]

    def _like(self, images: int, shape: tuple[int, ...]) -> Tensor:
        return self.inputs.new_empty((images, *shape)).contiguous(memory_format=self.layout)

    @property
    def raw_inputs(self) -> Tensor:
        """What the model itself takes: normalised images, or pixels when it normalises them."""
        return self._as_model_takes(self.inputs).clone()

    def logits(
        self,
        network: nn.Module,
        x: Tensor,
        weights: Mapping[str, Tensor] | None = None,
        watch: Watch | None = None,
    ) -> Tensor:
        """Logits of a scratch network for normalised inputs, optionally with other parameters in its place.

        Every call starts from the same state: anything random inside the network (dropout) repeats, and
        neither its buffers nor the inputs change, whatever it does to them.
        """
        return self.logits_of_raw(network, self._as_model_takes(x), weights, watch)

    def logits_of_raw(
        self,
        network: nn.Module,
        x: Tensor,
        weights: Mapping[str, Tensor] | None = None,
        watch: Watch | None = None,
    ) -> Tensor:
        """The same for what the model itself takes, pixels or normalised images."""
        plan = self._plans.get((network.training, tuple(x.shape[1:])))
        weights = dict(weights or {})
        if plan is not None and plan.computed:
            computed = self._computed(network)
            watch = watch or Watch(plan, len(x))
            watch.with_weights(computed | {name: weights.pop(name) for name in computed if name in weights})
        return self._run(network, x, weights, watch)

    def _run(
        self,
        network: nn.Module,
        x: Tensor,
        weights: Mapping[str, Tensor] | None = None,
        walk: Walk | None = None,
    ) -> Tensor:
        x = x.clone()
        filled = self.parts(network).filled(weights or {})
        with seeded(self.seed, (x.device,)), filled, self._quickened[network].active():
            if walk is None:
                return self._outputs(network(x), len(x))
            walk.begin(x)
            with walk, without_fused_attention():
                return self._outputs(network(x), len(x))

    def _outputs(self, output: Any, images: int) -> Tensor:
        """The logits; of a network for another task all of its output, a row an image."""
        found, self._no_logits = outputs_of(output, images)
        return found

    def need_logits(self) -> None:
        """Raise Undefined when the passes so far gave no class logits: the network is for another task."""
        if self._no_logits:
            raise Undefined(self._no_logits)

    def asks(self, init: str, part: str) -> bool:
        """Whether some proxy of the call wants this part of the clean pass with this initialisation."""
        return (init, part) in self.asked

    def loss(
        self,
        network: nn.Module,
        x: Tensor,
        weights: Mapping[str, Tensor] | None = None,
        rows: slice = slice(None),
        watch: Watch | None = None,
    ) -> Tensor:
        """Mean cross-entropy at normalised inputs `x`; `rows` says which images of the batch they are.

        Raises:
            Undefined: when labels lie beyond the logits, or logits or loss are not finite.
        """
        return self.loss_of(self.logits(network, x, weights, watch), rows)

    def loss_of(self, logits: Tensor, rows: slice = slice(None)) -> Tensor:
        """The same from logits that are there already."""
        self.need_logits()
        if int(self.labels.max()) >= logits.shape[1]:
            raise Undefined(
                f"label {int(self.labels.max())} lies beyond the model's {logits.shape[1]} logits: "
                "build the model for the data set's number of classes"
            )
        value = functional.cross_entropy(logits, self.labels[rows])
        if not (torch.isfinite(value) and torch.isfinite(logits).all()):
            raise Undefined("the logits or the loss are not finite")
        return value

    def chunks(self, network: nn.Module) -> list[slice]:
        """The batch in parts of at most `micro_batch` images; one part when it was not set.

        Raises:
            Undefined: when the network treats an image differently in another company (BatchNorm, dropout):
                parts would give another result than the whole.
        """
        images = len(self.labels)
        size = self.micro_batch or images
        if size >= images:
            return [slice(0, images)]
        self.once(_check_rows_stand_alone, network, network.training, size)
        return [slice(start, min(start + size, images)) for start in range(0, images, size)]

    def share(self, value: Tensor, rows: slice) -> Tensor:
        """What the mean over these rows adds to the mean over the batch."""
        part: int = rows.stop - rows.start
        return value if part == len(self.labels) else value * (part / len(self.labels))


def _check_rows_stand_alone(passes: Passes, network: nn.Module, training: bool, size: int) -> None:
    with torch.no_grad():
        together = passes.logits(network, passes.inputs)
        alone = passes.logits(network, passes.inputs[-size:])
    if not torch.allclose(alone, together[-size:], rtol=0.0, atol=1e-4 * float(together.abs().max())):
        raise Undefined(
            "this network's output for an image depends on the rest of the batch (BatchNorm or dropout in "
            "training mode), so micro-batches would change the score: score it without them"
        )


def _network(passes: Passes, init: str, draw: int) -> nn.Module:
    if passes.own and init == "default" and all(p.requires_grad for p in passes.model.parameters()):
        return prepare(passes.model, passes.layout)
    network = scratch(passes.model, passes.layout)
    if init != "default":
        plan, parameters = passes.plan(network), passes.parameters(network)
        initialise(plan, parameters, init, (passes.seed + draw) % 2**63)
        passes.keep_computed(network)
    return network
