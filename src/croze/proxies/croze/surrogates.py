"""The robust surrogate network of CRoZe (section 3.2), as a pass that the forms share.

Its clean counterpart is the clean pass of every proxy. theta^r perturbs the weights of layers alone, not
biases or BatchNorm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from croze.perturb import find_perturbation
from croze.perturb.base import Ball
from croze.perturb.weights import layerwise_steps
from croze.proxies.clean import CleanPass, add_gradients, clean_pass, gradients_of
from croze.proxies.croze.cosine import Products
from croze.proxies.croze.form import CrozeForm
from croze.proxies.passes import Passes


@dataclass(frozen=True)
class Surrogate:
    """A perturbed network after its backward pass; every mapping goes by layer name, in forward order.

    Attributes:
        weights: theta^r, by layer.
        gradients: gradient of the loss with respect to them (Eq. 6); layers without one are absent.
        features: of each layer's output against the clean one, the sums behind Eq. 5, where a proxy asks.
        positions: the same along the batch, one for each position, where a proxy asks.

    The outputs themselves are not kept: with the graph of the pass they would be the peak of memory.
    """

    weights: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    features: Mapping[str, Products]
    positions: Mapping[str, Products]


def surrogates(passes: Passes, form: CrozeForm) -> tuple[CleanPass, Surrogate]:
    """The clean and the robust network with the arguments of this form."""
    clean = passes.once(clean_pass, form.init)
    robust = passes.once(robust_surrogate, form.init, form.beta, form.epsilon_normalised, form.perturbation)
    return clean, robust


def robust_surrogate(passes: Passes, init: str, beta: float, epsilon: float, perturbation: str) -> Surrogate:
    """f_theta^r at x' = x + delta: weight step (Eq. 3), input step (Eq. 4), both passes."""
    clean = passes.once(clean_pass, init)
    network = passes.network(init)
    weights = layerwise_steps(clean.weights, clean.gradients, beta)
    fixed = {name: p.detach() for name, p in passes.parameters(network).items()}
    placed = {name: tensor.detach() for name, tensor in passes.placed(network, weights).items()}

    def theta_r() -> dict[str, Tensor]:
        return fixed | placed

    def input_gradient(x: Tensor) -> Tensor:
        parts = []
        for rows in passes.chunks(network):
            part = x[rows].detach().requires_grad_(True)
            loss = passes.share(passes.loss(network, part, theta_r(), rows), rows)
            parts.append(gradients_of(loss, {"x": part}).get("x", torch.zeros_like(part)))
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    with torch.enable_grad():
        generator = torch.Generator().manual_seed(passes.seed)
        perturb = find_perturbation(perturbation, passes.mean, passes.std)
        x = perturb(passes.inputs, input_gradient, Ball(epsilon), generator)
        placed = {name: tensor.requires_grad_(True) for name, tensor in placed.items()}
        reductions = [
            (part, reduce)
            for part, reduce in (("features", Products.whole), ("positions", Products.along_first))
            if passes.asks(init, part)
        ]
        sums: dict[str, dict[str, Products]] = {"features": {}, "positions": {}}
        gradients: dict[str, Tensor] = {}
        for rows in passes.chunks(network):
            found: dict[str, dict[str, Products]] = {"features": {}, "positions": {}}

            def compare(layer: str, z_r: Tensor, rows: slice = rows, found: Any = found) -> None:
                for part, reduce in reductions:
                    found[part][layer] = reduce(clean.features[layer][rows], z_r)

            watch = passes.watch(network, x[rows]) if reductions else None
            if watch is not None:
                watch.features(compare)
            loss = passes.share(passes.loss(network, x[rows], theta_r(), rows, watch), rows)
            for part, products in found.items():
                for layer, product in products.items():
                    known = sums[part].get(layer)
                    sums[part][layer] = product if known is None else known + product
            add_gradients(gradients, gradients_of(loss, placed))
    found_gradients = passes.by_layer(network, gradients)
    of_layers = {layer: g for layer, g in found_gradients.items() if layer in weights}
    return Surrogate({layer: w.detach() for layer, w in weights.items()}, of_layers, **sums)
