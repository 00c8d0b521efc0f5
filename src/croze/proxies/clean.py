"""The clean pass: one forward pass over the batch in training mode, and all that proxies read off it.

Layers are the Conv2d and Linear modules that run, in forward order; a weight that several layers share
counts for the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from croze.nn.parts import Parts
from croze.nn.record import execution_order, outputs
from croze.nn.rectifiers import ActivationCodes
from croze.proxies.passes import Passes, Undefined

PARTS = ("gradients", "features", "codes", "jacobian", "saliency")
"""What a proxy can ask of the pass; a part that nobody asks for costs nothing."""

NO_LAYER = "the network has no Conv2d or Linear layer"
NO_GRADIENT = "no gradient reaches the weight of any Conv2d or Linear layer"


@dataclass(frozen=True)
class CleanPass:
    """f_theta at x after its backward passes; every mapping goes by layer name, in forward order.

    Attributes:
        weights: theta, by layer.
        parameters: name of the parameter that is a layer's weight, by layer.
        features: each layer's output for the whole batch.
        codes: for each rectifier that ran, which units it lets pass, bool `(N, units)`.
        jacobian: gradient of the summed logits with respect to the normalised inputs, `(N, C, H, W)`.
        saliency: for each layer's output, `1/2 mean_n (sum over positions of a * dL/da)^2`, `(channels,)`.
        nan: whether the logits hold a NaN, so that signs and counts mean nothing.
        notes: for the reader of a score.
        problem: why there are no gradients of the loss; None when there are.
    """

    weights: Mapping[str, Tensor]
    parameters: Mapping[str, str]
    features: Mapping[str, Tensor]
    codes: tuple[Tensor, ...]
    jacobian: Tensor | None
    saliency: Mapping[str, Tensor]
    nan: bool = False
    notes: tuple[str, ...] = ()
    problem: Undefined | None = None
    reached: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def gradients(self) -> Mapping[str, Tensor]:
        """Gradient of the loss with respect to the weights (Eq. 6); layers without one are absent.

        Raises:
            Undefined: when there are none at all, with the reason.
        """
        if self.problem is not None:
            raise self.problem
        return self.reached


def clean_pass(passes: Passes, init: str = "default") -> CleanPass:
    """Everything that was asked of this pass; chunk by chunk where the passes say so."""
    network = passes.network(init)
    parts = passes.parts(network)
    wanted = {part for part in PARTS if passes.asks(init, part)}
    backward = bool(wanted & {"gradients", "saliency"})
    if not parts.layers and not wanted & {"codes", "jacobian"}:
        raise Undefined(NO_LAYER)
    features: list[dict[str, Tensor]] = []
    codes: list[list[Tensor]] = []
    jacobian: list[Tensor] = []
    gradients: dict[str, Tensor] = {}
    saliency: dict[str, Tensor] = {}
    problem: Undefined | None = None
    names: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    nan = False
    for rows in passes.chunks(network):
        x = passes.inputs[rows].detach().requires_grad_("jacobian" in wanted)
        with torch.enable_grad(), ExitStack() as scope:
            features.append(scope.enter_context(outputs(parts.layers if "features" in wanted else {})))
            watched = scope.enter_context(_watched_outputs(parts.layers if "saliency" in wanted else {}))
            order = scope.enter_context(execution_order(parts.layers))
            signs = scope.enter_context(ActivationCodes(len(x))) if "codes" in wanted else None
            logits = passes.logits(network, x)
            nan |= bool(logits.isnan().any())
            names, notes = weight_names(parts, order)
            if "jacobian" in wanted:
                total = logits.sum()
                jacobian.append(gradients_of(total, {"x": x}, keep=backward).get("x", torch.zeros_like(x)))
            if backward and problem is None:
                weights = {layer: parts.parameters[name] for layer, name in names.items()}
                try:
                    loss = passes.share(passes.loss_of(logits, rows), rows)
                except Undefined as found:
                    problem = found.with_traceback(None)
                else:
                    watched.begin()
                    add_gradients(gradients, gradients_of(loss, weights))
                    add_gradients(saliency, watched.saliency(len(passes.labels)))
        codes.append([] if signs is None else signs.codes)
    if backward and problem is None and not gradients:
        problem = Undefined(NO_GRADIENT if parts.layers else NO_LAYER)
    return CleanPass(
        weights={layer: parts.parameters[name].detach() for layer, name in names.items()},
        parameters=names,
        features=joined(features),
        codes=tuple(_rows(parts) for parts in zip(*codes, strict=True)),
        jacobian=_rows(jacobian) if jacobian else None,
        saliency=saliency,
        nan=nan,
        notes=notes,
        problem=problem,
        reached=gradients,
    )


def weight_names(parts: Parts, order: Collection[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Name of the parameter that is each layer's weight, and a note on layers whose weight is computed.

    Those (weight or spectral norm, for example) have no weight of their own that could be perturbed, and are
    left out. A weight that several layers share goes to the first of them.
    """
    names = {id(p): name for name, p in parts.parameters.items()}
    found: dict[str, str] = {}
    computed = []
    for layer in order:
        weight = parts.layers[layer].weight
        if not isinstance(weight, nn.Parameter):
            computed.append(layer)
        elif id(weight) in names:
            found[layer] = names.pop(id(weight))
    note = f"left out, because their weight is computed from other parameters: {', '.join(computed)}"
    return found, (note,) if computed else ()


def gradients_of(
    value: Tensor, tensors: Mapping[str, Tensor], *, along: Tensor | None = None, keep: bool = False
) -> dict[str, Tensor]:
    """Gradient of a value with respect to each tensor, by name; those that it does not reach are absent.

    Args:
        value: a number, or a tensor of which the product with `along` is differentiated.
        along: of the shape of `value`.
        keep: whether the graph serves once more afterwards.
    """
    if not value.requires_grad or not tensors:
        return {}
    found = torch.autograd.grad(value, list(tensors.values()), along, retain_graph=keep, allow_unused=True)
    return {name: g for name, g in zip(tensors, found, strict=True) if g is not None}


def add_gradients(total: dict[str, Tensor], part: Mapping[str, Tensor]) -> None:
    """Add gradients of one part of the batch to what the parts before it gave, in place."""
    for name, gradient in part.items():
        total[name] = total[name] + gradient if name in total else gradient


def joined(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Outputs of parts of the batch, one after the other along the batch."""
    return {name: _rows([part[name] for part in parts]) for name in parts[0]}


def _rows(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


class _Saliency:
    """Channel saliencies of the backward passes from `begin` on."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] | None = None

    def begin(self) -> None:
        self._sums = {}

    def add(self, name: str, part: Tensor) -> None:
        if self._sums is not None:
            self._sums[name] = self._sums[name] + part if name in self._sums else part

    def saliency(self, images: int) -> dict[str, Tensor]:
        return {name: 0.5 * total / images for name, total in (self._sums or {}).items()}


@contextmanager
def _watched_outputs(layers: Mapping[str, nn.Module]) -> Iterator[_Saliency]:
    """Collect, during backward passes, sum over images of (sum over positions of a * dL/da)^2 a channel."""
    found = _Saliency()

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, _inputs: Any, output: Any) -> None:
            if not isinstance(output, Tensor) or not output.requires_grad:
                return
            activation = output.detach().clone()  # what follows may work in place on the output

            def note(gradient: Tensor) -> None:
                product = activation * gradient
                if isinstance(module, nn.Conv2d):
                    product = product.flatten(2).sum(dim=2)
                elif product.ndim > 2:
                    product = product.flatten(1, -2).sum(dim=1)
                found.add(name, product.square().sum(dim=0))

            output.register_hook(note)  # type: ignore[no-untyped-call]

        return hook

    handles = [module.register_forward_hook(watch(name)) for name, module in layers.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
