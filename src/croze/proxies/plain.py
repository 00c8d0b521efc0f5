"""`plain`: the loss's change along the weights."""

from __future__ import annotations

from dataclasses import dataclass

from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import clean_pass
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes


@dataclass(frozen=True)
class Plain(Proxy):
    """Sum over layers and weights of dL/dW * W, with its sign.

    Layers that BatchNorm follows contribute nothing but rounding (their loss does not change with the
    weight's scale), so on networks with BatchNorm nearly all of it comes from the last layer and it ranks by
    chance. In the model's dtype; summed in float64, because positive and negative terms cancel.
    """

    name = "plain"
    summary = "sum over weights of gradient * weight, signed"
    source = "Abdelfattah et al. 2021 (plain); Mozer & Smolensky 1988"
    takes = ("gradients",)
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A number of either sign, and the sum of every layer."""
        clean = passes.once(clean_pass, "default")
        terms = {
            layer: float((clean.weights[layer].double() * g.double()).sum())
            for layer, g in clean.gradients.items()
        }
        return summed("sum", terms, clean.gradient_notes)
