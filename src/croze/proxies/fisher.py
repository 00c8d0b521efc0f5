"""`fisher`: how much the loss would change if single channels went."""

from __future__ import annotations

import math
from dataclasses import dataclass

from croze.errors import CrozeError
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import clean_pass
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class Fisher(Proxy):
    """Sum over layers and channels k of w_k * 1/2 mean_n (sum over positions of a_nk * dL/da_nk)^2.

    a is the output of a layer with its bias, seen as `(N, K, positions)`; L is the mean cross-entropy.
    `w_k` is the number of weights that make the channel: the published scores and Table 2 rest on code that
    writes a channel's saliency to each of them before it sums. With `per_weight=0` it is 1, the formula as
    printed.

    In the model's dtype: all terms are positive.
    """

    per_weight: int = 1

    name = "fisher"
    summary = "sum over channels of the squared activation * gradient"
    source = "Theis et al. 2018, Eq. 7; Turner et al. 2020; summed as in Abdelfattah et al. 2021, section 3.2"
    takes = ("saliency",)
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def __post_init__(self) -> None:
        if self.per_weight not in (0, 1):
            raise CrozeError(f"Argument per_weight of {self.name} must be 0 or 1, got {self.per_weight}.")

    def measure(self, passes: Passes) -> Measurement:
        """A positive number, and the sum of every layer."""
        clean = passes.once(clean_pass, "default")
        gradients = clean.gradients
        terms = {}
        for layer in gradients:
            if layer not in clean.saliency:
                raise Undefined(
                    f"the output of layer {layer} is not kept for the backward pass (a checkpoint)"
                )
            saliency = clean.saliency[layer]
            factor = math.prod(clean.weights[layer].shape[1:]) if self.per_weight else 1
            terms[layer] = factor * float(saliency.sum())
        return summed("saliency", terms, clean.gradient_notes)
