"""`synflow`: synaptic flow, the logarithm of its sum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.nn.scratch import scratch
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import NO_GRADIENT, NO_LAYER, gradients_of
from croze.proxies.exponents import Exponents
from croze.proxies.passes import Passes, Undefined
from croze.types import LayerScore

NOT_POSITIVE = "the network of absolute weights is not positive throughout: some weights lower the flow"


@dataclass(frozen=True)
class SynFlow(Proxy):
    """log of the sum over layers and weights of |dR/dW * W|, R the sum of the logits for one input of ones.

    Every parameter is replaced by its absolute value, normalisation layers by the identity, input `(1, C, H,
    W)`. The sum grows like 1e60 with depth, so its logarithm is the score: the same ranking. In float64, and
    where the product over layers leaves even that range, with exponents beside the tensors.
    """

    name = "synflow"
    summary = "logarithm of the synaptic flow"
    source = "Tanaka et al. 2020, Eq. 1; without BatchNorm as in Abdelfattah et al. 2021, section 3.2"
    needs_gradients = True
    needs_images = False
    runs_in_chunks = True
    dtype = "float64"

    def measure(self, passes: Passes) -> Measurement:
        """A logarithm, and the logarithm of every layer's sum."""
        flows, exponent, notes = passes.once(_flows)
        if not flows:
            raise Undefined(NO_GRADIENT if passes.plan(passes.network()).layers else NO_LAYER)
        total = math.fsum(flows.values())
        if not (math.isfinite(total) and total > 0):
            raise Undefined(f"the synaptic flow is {total:g}, which has no logarithm")
        layers = tuple(
            LayerScore(layer, {"log flow": math.log(flow) + exponent})
            for layer, flow in flows.items()
            if flow > 0
        )
        return Measurement(math.log(total) + exponent, layers, notes)


def _flows(passes: Passes) -> tuple[dict[str, float], float, tuple[str, ...]]:
    """Of each layer, beside an exponent that they have in common, and notes."""
    notes = passes.plan(passes.network()).notes
    network = scratch(passes.model).double()
    computed = passes.parameters(network)  # before the parameters that they are made of change
    ones = torch.ones((1, *passes.shape), dtype=torch.float64, device=passes.inputs.device)
    with torch.no_grad():
        tensor: Tensor
        for tensor in computed.values():
            tensor.abs_()
    watch = Exponents(passes.plan(network), len(ones))
    watch.without_norms()
    with torch.enable_grad():
        logits = passes.logits_of_raw(network, ones, watch=watch)
        gradients = passes.by_layer(network, gradients_of(logits.sum(), passes.holders(network)))
    weights = passes.weights(network)
    products = {layer: weights[layer] * g for layer, g in gradients.items()}
    if any(bool((product < 0).any()) for product in products.values()):
        notes = (*notes, NOT_POSITIVE)
    return {layer: float(p.abs().sum()) for layer, p in products.items()}, watch.exponent(logits), notes
