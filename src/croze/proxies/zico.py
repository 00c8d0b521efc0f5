"""`zico`: how steady the weight gradient is between batches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from croze.errors import CrozeError
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import clean_pass, gradients_of
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class Zico(Proxy):
    """Sum over layers of log sum_w E|g_w| / sqrt(Var g_w), over weights whose gradient varies.

    Mean and (population) variance run over `batches` disjoint parts of the batch, each with a forward and a
    backward pass of its own in training mode; the paper takes two batches. (It prints the variance of |g|;
    its code, and so its tables, take that of g.) In the model's dtype, the ratio in float64. Layers in which
    no gradient varies add nothing.
    """

    batches: int = 2

    name = "zico"
    summary = "mean over deviation of the weight gradient between batches"
    source = "Li et al. 2023, Eq. 12"
    takes = ("gradients",)
    needs_labels = True
    needs_gradients = True

    def __post_init__(self) -> None:
        if self.batches < 2:
            raise CrozeError(f"Argument batches of {self.name} must be at least 2, got {self.batches}.")

    def measure(self, passes: Passes) -> Measurement:
        """A sum of logarithms, and the logarithm of every layer."""
        images = len(passes.labels)
        if images < 2 * self.batches:
            raise Undefined(
                f"{self.batches} batches of at least 2 images are compared, the batch has {images}"
            )
        clean = passes.once(clean_pass, "default")
        network = passes.network()
        holders = passes.holders(network)
        layers = list(clean.gradients)
        parts = []
        for part in range(self.batches):
            rows = slice(part * images // self.batches, (part + 1) * images // self.batches)
            with torch.enable_grad():
                loss = passes.loss(network, passes.inputs[rows], rows=rows)
                parts.append(passes.by_layer(network, gradients_of(loss, holders)))
        terms = {}
        for layer in layers:
            gradients = torch.stack([part[layer] for part in parts if layer in part]).double()
            if not bool(torch.isfinite(gradients).all()):
                raise Undefined(f"the gradient of layer {layer} is not finite")
            deviation = gradients.std(dim=0, correction=0)
            varies = deviation > 0
            ratio = float((gradients.abs().mean(dim=0)[varies] / deviation[varies]).sum())
            if ratio > 0:
                terms[layer] = math.log(ratio)
        return summed("log ratio", terms, clean.gradient_notes)
