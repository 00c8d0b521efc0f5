"""`synflow`: synaptic flow, the logarithm of its sum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from croze.nn.record import execution_order
from croze.nn.scratch import scratch, without_normalisation
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import NO_GRADIENT, NO_LAYER, gradients_of, weight_names
from croze.proxies.passes import Passes, Undefined
from croze.types import LayerScore


@dataclass(frozen=True)
class SynFlow(Proxy):
    """log of the sum over layers and weights of |dR/dW * W|, R the sum of the logits for one input of ones.

    Every parameter is replaced by its absolute value, normalisation layers by the identity, input `(1, C, H,
    W)`. The sum grows like 1e60 with depth, so its logarithm is the score: the same ranking. In float64,
    because the product over layers leaves the range of float32.
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
        flows = passes.once(_flows)
        if not flows:
            raise Undefined(NO_GRADIENT if passes.parts(passes.model).layers else NO_LAYER)
        total = math.fsum(flows.values())
        if not (math.isfinite(total) and total > 0):
            raise Undefined(f"the synaptic flow is {total:g}, which has no logarithm")
        layers = tuple(
            LayerScore(layer, {"log flow": math.log(flow)}) for layer, flow in flows.items() if flow > 0
        )
        return Measurement(math.log(total), layers)


def _flows(passes: Passes) -> dict[str, float]:
    network = _positive(passes)
    ones = torch.ones((1, *passes.shape), dtype=torch.float64, device=passes.inputs.device)
    with torch.enable_grad(), execution_order(passes.parts(network).layers) as order:
        total = passes.logits_of_raw(network, ones).sum()
        names, _ = weight_names(passes.parts(network), order)
        weights = {layer: passes.parts(network).parameters[name] for layer, name in names.items()}
        gradients = gradients_of(total, weights)
    return {layer: float((weights[layer].detach() * g).abs().sum()) for layer, g in gradients.items()}


def _positive(passes: Passes) -> nn.Module:
    network = without_normalisation(scratch(passes.model).double())
    with torch.no_grad():
        tensor: Tensor
        for tensor in network.parameters():
            tensor.abs_()
    return network
