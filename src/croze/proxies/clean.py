"""The clean pass: one forward pass over the batch in training mode, and all that proxies read off it.

Layers are those of `nn.plan`: parameters that are multiplied with what depends on the images, in forward
order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.nn.plan import Use
from croze.nn.watch import NO_ROWS, Switch, Watch, on_gradient
from croze.proxies.passes import Passes, Undefined

PARTS = ("gradients", "features", "codes", "jacobian", "saliency")
"""What a proxy can ask of the pass; a part that nobody asks for costs nothing."""

SHOWN = 5
"""How many layers a note names."""

NO_LAYER = "the network has no layer: no weights that are multiplied with what depends on the images"
NO_GRADIENT = "no gradient reaches the weight of any layer"


@dataclass(frozen=True)
class CleanPass:
    """f_theta at x after its backward passes; every mapping goes by layer name, in forward order.

    Attributes:
        weights: theta, by layer.
        features: each layer's output for the whole batch, images first.
        codes: for each rectifier that ran, which units it lets pass, bool `(N, units)`.
        jacobian: gradient of each image's own summed logits with respect to it, `(N, C, H, W)`, statistics
            over images taken for constants; zero where that is rounding noise, None where nobody asked.
        saliency: for each layer's output, `1/2 mean_n (sum over positions of a * dL/da)^2`, `(channels,)`.
        nan: whether the logits hold a NaN, so that signs and counts mean nothing.
        notes: for the reader of a score.
        problem: why there are no gradients of the loss; None when there are.
    """

    weights: Mapping[str, Tensor]
    features: Mapping[str, Tensor]
    codes: tuple[Tensor, ...]
    saliency: Mapping[str, Tensor]
    jacobian: Tensor | None = None
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

    @property
    def gradient_notes(self) -> tuple[str, ...]:
        """The notes, and what is degenerate about the gradients."""
        layers = list(self.reached)
        if not layers:
            return self.notes
        norms = torch.stack(
            [norm.double().cpu() for norm in torch._foreach_norm(list(self.reached.values()))]
        )
        dead = [layer for layer, norm in zip(layers, norms.tolist(), strict=True) if norm == 0]
        if not dead:
            return self.notes
        shown = ", ".join(dead[:SHOWN]) + (", ..." if len(dead) > SHOWN else "")
        note = f"the gradient is zero throughout in {len(dead)} of {len(layers)} layers: {shown}"
        return (*self.notes, note)


def clean_pass(passes: Passes, init: str = "default") -> CleanPass:
    """Everything that was asked of this pass; chunk by chunk where the passes say so."""
    network = passes.network(init)
    plan = passes.plan(network)
    wanted = {part for part in PARTS if passes.asks(init, part)}
    backward = bool(wanted & {"gradients", "saliency"})
    if not plan.layers and not wanted & {"codes", "jacobian"}:
        raise Undefined(NO_LAYER)
    features: list[dict[str, Tensor]] = []
    codes: list[list[Tensor]] = []
    gradients: dict[str, Tensor] = {}
    saliency: dict[str, Tensor] = {}
    jacobian: list[Tensor] = []
    problem: Undefined | None = None
    nan = False
    for rows in passes.chunks(network):
        x = passes.inputs[rows].detach().requires_grad_("jacobian" in wanted)
        watch = passes.watch(network, x) if wanted - {"gradients"} else None
        single = Switch()
        if watch is not None:
            if "jacobian" in wanted:
                single = watch.fixable_statistics()
            features.append(watch.kept_features() if "features" in wanted else {})
            codes.append(watch.codes() if "codes" in wanted else [])
            if "saliency" in wanted:
                _watch_saliency(watch, saliency, single)
        with torch.enable_grad():
            logits = passes.logits(network, x, watch=watch)
            nan |= bool(logits.isnan().any())
            if "jacobian" in wanted:
                single.on = True
                jacobian.append(_jacobian(logits, x, backward))
                single.on = False
            if backward and problem is None:
                try:
                    loss = passes.share(passes.loss_of(logits, rows), rows)
                except Undefined as found:
                    problem = found.with_traceback(None)
                else:
                    add_gradients(gradients, gradients_of(loss, passes.holders(network)))
    if backward and problem is None and not gradients:
        problem = Undefined(NO_GRADIENT if plan.layers else NO_LAYER)
    return CleanPass(
        weights=passes.weights(network),
        features=joined(features) if features else {},
        codes=tuple(_rows(parts) for parts in zip(*codes, strict=True)),
        saliency={
            layer: 0.5 * saliency[layer] / len(passes.labels) for layer in plan.layers if layer in saliency
        },
        jacobian=_rows(jacobian) if jacobian else None,
        nan=nan,
        notes=plan.notes,
        problem=problem,
        reached=passes.by_layer(network, gradients),
    )


def gradients_of(
    value: Tensor,
    tensors: Mapping[str, Tensor],
    *,
    along: Tensor | None = None,
    keep: bool = False,
    again: bool = False,
) -> dict[str, Tensor]:
    """Gradient of a value with respect to each tensor, by name; those that it does not reach are absent.

    Args:
        value: a number, or a tensor of which the product with `along` is differentiated.
        along: of the shape of `value`.
        keep: whether the graph serves once more afterwards.
        again: whether the gradients themselves are differentiated afterwards.
    """
    if not value.requires_grad or not tensors:
        return {}
    found = torch.autograd.grad(
        value,
        list(tensors.values()),
        along,
        retain_graph=keep or again,
        create_graph=again,
        allow_unused=True,
    )
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


NOISE = 10
"""How far above rounding a gradient has to be."""


def _jacobian(logits: Tensor, x: Tensor, keep: bool) -> Tensor:
    """Zero where it is rounding noise beside the gradient of the same logits with signs drawn at random."""
    found = gradients_of(logits.sum(), {"x": x}, keep=True).get("x", torch.zeros_like(x))
    if not bool(found.isfinite().all()) or not _is_small(found, logits, x):
        return found
    signs = torch.randint(0, 2, logits.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    other = gradients_of((logits * signs.to(logits)).sum(), {"x": x}, keep=keep).get("x", torch.zeros_like(x))
    least = NOISE * torch.finfo(x.dtype).eps ** 0.75 * float(other.norm())
    return found if float(found.norm()) > least else torch.zeros_like(found)


def _is_small(jacobian: Tensor, logits: Tensor, x: Tensor) -> bool:
    """Whether a gradient is small beside how much the logits vary between images: then it may be noise."""
    if len(x) < 2:
        return True
    expected = logits.detach().std() / x.detach().std().clamp_min(1e-12) / x[0].numel() ** 0.5
    return not float(jacobian.square().mean().sqrt()) > 1e-2 * float(expected)


def _watch_saliency(watch: Watch, found: dict[str, Tensor], single: Switch) -> None:
    """Add, in the backward pass, sum over images of (sum over positions of a * dL/da)^2 for every channel."""

    def note(layer: str, use: Use, rows: Tensor | None, out: Tensor) -> None:
        if not out.requires_grad:
            return
        activation = out.detach().clone()  # what follows may work in place on the output

        def add(gradient: Tensor) -> None:
            if single.on:
                return
            product = use.layout.by_channel(activation * gradient, watch.images)
            if product is None:
                raise CrozeError(NO_ROWS.format("a layer"))
            if rows is not None:
                product = product[:, rows.to(product.device)]
            add_gradients(found, {layer: product.sum(dim=2).square().sum(dim=0)})

        on_gradient(out, add)

    watch.layers(note)
