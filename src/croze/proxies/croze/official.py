"""`croze-official`: what the released code computes, departure by departure.

This is the form that reproduces the paper's tables. Against the equations: every parameter is replaced by
its absolute value, in float64; BatchNorm is removed (a network's `stages` say where some is kept); the
weight step also covers every other parameter of two or more dimensions; the input step goes against the
gradient and is clamped to [0, 1] although the inputs are normalised; the perturbed network's gradient is the
sum of the one at x and the one at x' (of all points where the input step asked for one; with noise, which
asks for none, the one at x' alone); Eq. 7 is skipped; all cosines run along dimension 0 and are summed over
the remaining positions; features are stage outputs rather than the layer's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from croze.nn.initialise import initialise
from croze.nn.record import outputs
from croze.nn.scratch import scratch
from croze.nn.stages import declared_stages
from croze.nn.watch import Watch
from croze.perturb import find_perturbation
from croze.perturb.base import Ball
from croze.perturb.weights import released_step
from croze.proxies.base import Measurement
from croze.proxies.clean import NO_GRADIENT, NO_LAYER, add_gradients, gradients_of
from croze.proxies.croze.cosine import released
from croze.proxies.croze.form import CrozeForm
from croze.proxies.passes import Passes, Undefined

OVERFLOW = "the gradients are so large that their squares overflow, where the released code says 0"
NO_STAGES = "the network declares no stages: each layer's own output stands for its stage"


@dataclass(frozen=True)
class CrozeOfficial(CrozeForm):
    """Sum over layers of |Z * P * G|, each a sum over positions of cosines along dimension 0.

    Z sums 1 + cos over the layer's stage feature (along the batch), P sums 1 + cos of theta and theta^r, G
    sums |cos| of the gradients (both along output channels). Layers that get no gradient add nothing. On a
    network that declares no stages each layer's own output stands for its stage, and the score says so.
    """

    name = "croze-official"
    summary = "CRoZe as the released code computes it (reproduces the paper's tables)"
    source = "released code of Ha et al. 2023"
    flavour = "released"
    runs_in_chunks = False
    dtype = "float64"

    @property
    def asks(self) -> frozenset[tuple[str, str]]:
        """Features alone: it runs passes of its own, on another network than the clean pass."""
        return frozenset({("official", "features")}) if "features" in self.components else frozenset()

    def measure(self, passes: Passes) -> Measurement:
        """One value, and the chosen terms of each layer."""
        clean, robust, notes_of_layers = passes.once(
            _surrogates, self.init, self.beta, self.epsilon_normalised, self.perturbation
        )
        stages = declared_stages(passes.model)
        if stages is None:
            feature = {layer: layer for layer in clean.gradients}
            notes = [*notes_of_layers, NO_STAGES]
        else:
            feature = {layer: stages.outputs[index] for layer, index in stages.of_layer.items()}
            notes = [*notes_of_layers]

        @cache
        def of_stage(stage: str) -> float:
            return float((1 + released(clean.features[stage], robust.features[stage])).sum())

        def term(component: str, layer: str) -> float:
            if component == "features":
                return of_stage(feature[layer])
            if component == "parameters":
                return float((1 + released(clean.weights[layer], robust.weights[layer])).sum())
            return float(released(clean.gradients[layer], robust.gradients[layer]).abs().sum())

        layers = [layer for layer in clean.gradients if layer in robust.gradients and layer in feature]
        found = self.combine(layers, term, notes)
        if found.value == 0 and any(map(_overflows, robust.gradients.values())):
            raise Undefined(OVERFLOW)
        return found


@dataclass(frozen=True)
class _Network:
    """Weights and gradients by layer, and the outputs of stages (or of layers)."""

    weights: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    features: Mapping[str, Tensor]


def _surrogates(
    passes: Passes, init: str, beta: float, epsilon: float, perturbation: str
) -> tuple[_Network, _Network, tuple[str, ...]]:
    network = _released_network(passes, init)
    plan = passes.plan(network)
    if not plan.layers:
        raise Undefined(NO_LAYER)
    stages = declared_stages(passes.model)
    names = stages.outputs if stages is not None and passes.asks("official", "features") else ()
    shown = {name: network.get_submodule(name) for name in names}
    kept = _norms_below(passes, network, stages.keeps_batchnorm if stages is not None else ())
    x = passes.inputs.double()

    def released(images: int) -> Watch:
        watch = Watch(plan, images)
        watch.without_norms(over_images=True, keep=kept)
        return watch

    watch = released(len(x))
    with torch.enable_grad():
        parameters = passes.parameters(network)
        own = watch.kept_features() if not shown and passes.asks("official", "features") else {}
        with outputs(shown) as of_stages:
            loss = passes.loss(network, x, watch=watch)
        clean_features = of_stages or own
        directions = gradients_of(loss, parameters)
        perturbed = {}
        for name, parameter in parameters.items():
            moved = parameter.detach()
            parts = [
                piece for piece in plan.layers.values() if piece.parameter == name and piece.index is not None
            ]
            if parts and name in directions:  # several layers in one parameter
                moved = moved.clone()
                for piece in parts:
                    step = released_step(piece.read(parameter.detach()), piece.read(directions[name]), beta)
                    piece.write(moved, step)
            elif parameter.ndim >= 2 and name in directions:
                moved = released_step(moved, directions[name], beta)
            perturbed[name] = moved.requires_grad_(True)
        weights = {name: perturbed[name] for name in passes.holders(network)}
        # never cleared between the backward passes, as in the released code
        accumulated: dict[str, Tensor] = {}

        def backward(x: Tensor, watch: Watch | None = None) -> Tensor:
            x = x.detach().requires_grad_(True)
            loss = passes.loss(network, x, perturbed, watch=watch or released(len(x)))
            gradients = gradients_of(loss, {**weights, "": x})
            gradient = gradients.pop("", torch.zeros_like(x))
            add_gradients(accumulated, gradients)
            return gradient

        generator = torch.Generator().manual_seed(passes.seed)
        ball = Ball(epsilon, low=0.0, high=1.0, ascend=False)
        perturb = find_perturbation(perturbation, passes.mean, passes.std)
        x_r = perturb(x, backward, ball, generator)
        watch = released(len(x))
        own = watch.kept_features() if own else {}
        with outputs(shown) as of_stages:
            backward(x_r, watch)
        robust_features = of_stages or own
    gradients = passes.by_layer(network, directions)
    if not gradients:
        raise Undefined(NO_GRADIENT)
    moved_weights = passes.by_layer(network, {name: w.detach() for name, w in weights.items()})
    return (
        _Network(passes.weights(network), gradients, clean_features),
        _Network(moved_weights, passes.by_layer(network, accumulated), robust_features),
        plan.notes,
    )


def _overflows(gradient: Tensor) -> bool:
    return not bool(gradient.square().sum().isfinite())


def _released_network(passes: Passes, init: str) -> nn.Module:
    network = scratch(passes.model, passes.layout).double()
    parameters = passes.parameters(network)
    initialise(passes.plan(network), parameters, init, passes.seed)
    with torch.no_grad():
        for parameter in parameters.values():
            parameter.abs_()
    return network


def _norms_below(passes: Passes, network: nn.Module, modules: Collection[str]) -> list[int]:
    """Normalisations that run within these modules."""
    if not modules:
        return []
    (x,) = passes.noise(2)
    watch = passes.watch(network, x)
    begun: list[int] = []
    kept: list[int] = []

    def enter(*_: Any) -> None:
        begun.append(watch.step)

    def leave(*_: Any) -> None:
        start = begun.pop()
        kept.extend(step for step in watch.plan.norms if start < step <= watch.step)

    handles = []
    for name in modules:
        module = network.get_submodule(name)
        handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        with torch.no_grad():
            passes.logits(network, x.double(), watch=watch)
    finally:
        for handle in handles:
            handle.remove()
    return kept
