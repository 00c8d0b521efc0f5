"""`gradsign`: how far the images of a batch agree on the direction in which each weight should move."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.nn.record import execution_order
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import gradients_of, weight_names
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class GradSign(Proxy):
    """Sum over weights of |sum_n sign(dL_n/dW)|, L_n the loss of image n alone.

    W are the weights of Conv2d and Linear layers. Every image runs by itself, forward and backward in
    training mode (BatchNorm sees a batch of one, as in the released code), so the cost grows with the batch
    and memory does not. In the model's dtype: only signs count.
    """

    name = "gradsign"
    summary = "agreement of the gradient's sign between images"
    source = "Zhang & Jia 2022, algorithm 1"
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A number >= 0, and the sum of every layer."""
        network = passes.network()
        signs: dict[str, Tensor] = {}
        with torch.enable_grad():
            for n in range(len(passes.labels)):
                rows = slice(n, n + 1)
                with execution_order(passes.parts(network).layers) as order:
                    loss = passes.loss(network, passes.inputs[rows], rows=rows)
                names, _ = weight_names(passes.parts(network), order)
                weights = {layer: passes.parts(network).parameters[name] for layer, name in names.items()}
                for layer, gradient in gradients_of(loss, weights).items():
                    if bool(gradient.isnan().any()):
                        raise Undefined(f"the gradient of layer {layer} is not a number")
                    sign = gradient.sign()
                    signs[layer] = signs[layer] + sign if layer in signs else sign
        return summed("agreement", {layer: float(s.abs().double().sum()) for layer, s in signs.items()})
