"""`gradsign`: how far the images of a batch agree on the direction in which each weight should move."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import add_gradients, gradients_of
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes, Undefined
from croze.proxies.statistics import single_images


@dataclass(frozen=True)
class GradSign(Proxy):
    """Sum over weights of |sum_n sign(dL_n/dW)|, L_n the loss of image n alone.

    W are the weights of layers. Every image runs by itself, forward and backward in training mode, with
    BatchNorm's statistics those of the batch, held fixed: the loss of an image is a function of that image.
    (The released code lets BatchNorm normalise each image by itself; behind a global pooling such logits do
    not depend on the image, and their gradient is rounding noise.) The cost grows with the batch, memory does
    not. In the model's dtype: only signs count.
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
        holders = passes.holders(network)
        signs: dict[str, Tensor] = {}
        for n, watch in enumerate(single_images(passes, network)):
            rows = slice(n, n + 1)
            with torch.enable_grad():
                loss = passes.loss(network, passes.inputs[rows], rows=rows, watch=watch)
                found = passes.by_layer(network, gradients_of(loss, holders))
            for layer, gradient in found.items():
                if bool(gradient.isnan().any()):
                    raise Undefined(f"the gradient of layer {layer} is not a number")
                add_gradients(signs, {layer: gradient.sign()})
        terms = {layer: float(s.abs().double().sum()) for layer, s in signs.items()}
        return summed("agreement", terms, passes.plan(network).notes)
