"""`snip`: how much the loss would change if single weights went."""

from __future__ import annotations

from dataclasses import dataclass

from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import clean_pass
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes


@dataclass(frozen=True)
class Snip(Proxy):
    """Sum over layers and weights of |dL/dW * W| (connection sensitivity without its normalisation).

    One forward and one backward pass in training mode, in the model's dtype: a sum of absolute values cancels
    nothing.
    """

    name = "snip"
    summary = "sum over weights of |gradient * weight|"
    source = "Lee et al. 2019, Eq. 5; summed as in Abdelfattah et al. 2021, section 3.2"
    takes = ("gradients",)
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A positive number, and the sensitivity of every layer."""
        clean = passes.once(clean_pass, "default")
        terms = {layer: float((clean.weights[layer] * g).abs().sum()) for layer, g in clean.gradients.items()}
        return summed("sensitivity", terms, clean.gradient_notes)
