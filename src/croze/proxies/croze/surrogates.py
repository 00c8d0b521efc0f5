"""The clean and the robust surrogate network of CRoZe (section 3.2), as passes that proxies share.

Layers are the Conv2d and Linear modules that run, in forward order; a weight that several layers share
counts for the first of them. theta^r perturbs the weights of those layers alone, not biases or BatchNorm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from croze.nn.record import execution_order, layers_of, outputs
from croze.perturb import find_perturbation
from croze.perturb.base import Ball
from croze.perturb.weights import layerwise_step
from croze.proxies.croze.form import CrozeForm
from croze.proxies.passes import Passes, Undefined

NO_LAYER = "the network has no Conv2d or Linear layer"
NO_GRADIENT = "no gradient reaches the weight of any Conv2d or Linear layer"


@dataclass(frozen=True)
class Surrogate:
    """One surrogate network after its backward pass; every mapping goes by layer name, in forward order.

    Attributes:
        weights: theta of the network, by layer.
        gradients: gradient of the loss with respect to them (Eq. 6); layers without one are absent.
        features: each layer's output for the whole batch, where the passes record them.
        parameters: name of the parameter that is a layer's weight, by layer.
        notes: for the reader of a score.
    """

    weights: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    features: Mapping[str, Tensor]
    parameters: Mapping[str, str]
    notes: tuple[str, ...] = ()


def surrogates(passes: Passes, form: CrozeForm) -> tuple[Surrogate, Surrogate]:
    """The clean and the robust network with the arguments of this form."""
    clean = passes.once(clean_surrogate, form.init)
    robust = passes.once(robust_surrogate, form.init, form.beta, form.epsilon_normalised, form.perturbation)
    return clean, robust


def clean_surrogate(passes: Passes, init: str) -> Surrogate:
    """f_theta at x: forward and full backward pass."""
    network = passes.network(init)
    modules = layers_of(network)
    if not modules:
        raise Undefined(NO_LAYER)
    with torch.enable_grad(), outputs(network, modules if passes.record_features else {}) as features:
        with execution_order(network) as order:
            loss = passes.loss(network, passes.inputs)
        parameters, notes = weight_names(network, order)
        weights = {layer: network.get_parameter(name) for layer, name in parameters.items()}
        gradients = gradients_of(loss, weights)
    if not gradients:
        raise Undefined(NO_GRADIENT)
    detached = {layer: w.detach() for layer, w in weights.items()}
    return Surrogate(detached, gradients, features, parameters, notes)


def robust_surrogate(passes: Passes, init: str, beta: float, epsilon: float, perturbation: str) -> Surrogate:
    """f_theta^r at x' = x + delta: weight step (Eq. 3), input step (Eq. 4), both passes."""
    clean = passes.once(clean_surrogate, init)
    network = passes.network(init)
    weights = {
        name: layerwise_step(weight, clean.gradients[name], beta) if name in clean.gradients else weight
        for name, weight in clean.weights.items()
    }
    fixed = {name: p.detach() for name, p in network.named_parameters()}

    def theta_r() -> dict[str, Tensor]:
        return fixed | {clean.parameters[layer]: weight for layer, weight in weights.items()}

    def input_gradient(x: Tensor) -> Tensor:
        x = x.detach().requires_grad_(True)
        loss = passes.loss(network, x, theta_r())
        return gradients_of(loss, {"x": x}).get("x", torch.zeros_like(x))

    with torch.enable_grad():
        generator = torch.Generator().manual_seed(passes.seed)
        x = find_perturbation(perturbation)(passes.inputs, input_gradient, Ball(epsilon), generator)
        weights = {name: w.detach().requires_grad_(True) for name, w in weights.items()}
        recorded = layers_of(network) if passes.record_features else {}
        with outputs(network, recorded) as features:
            loss = passes.loss(network, x, theta_r())
        gradients = gradients_of(loss, weights)
    return Surrogate(
        {layer: w.detach() for layer, w in weights.items()}, gradients, features, clean.parameters
    )


def weight_names(network: nn.Module, order: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Name of the parameter that is each layer's weight, and a note on layers whose weight is computed.

    Those (weight or spectral norm, for example) have no weight of their own that could be perturbed, and are
    left out. A weight that several layers share goes to the first of them.
    """
    names = {id(p): name for name, p in network.named_parameters()}
    found: dict[str, str] = {}
    computed = []
    for layer in order:
        weight = network.get_submodule(layer).weight
        if not isinstance(weight, nn.Parameter):
            computed.append(layer)
        elif id(weight) in names:
            found[layer] = names.pop(id(weight))
    note = f"left out, because their weight is computed from other parameters: {', '.join(computed)}"
    return found, (note,) if computed else ()


def gradients_of(loss: Tensor, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Gradient of the loss with respect to each tensor, by name; those that it does not reach are absent."""
    if not loss.requires_grad or not tensors:
        return {}
    found = torch.autograd.grad(loss, list(tensors.values()), allow_unused=True)
    return {name: g for name, g in zip(tensors, found, strict=True) if g is not None}
