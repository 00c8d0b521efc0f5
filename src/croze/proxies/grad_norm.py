"""`gradnorm`: the norm of the loss gradient."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import clean_pass
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes


@dataclass(frozen=True)
class GradNorm(Proxy):
    """Sum over layers of ||dL/dW||_2, W the weight of a layer, L the mean cross-entropy.

    One forward and one backward pass in training mode, in the model's dtype: norms lose nothing in float32.
    """

    name = "gradnorm"
    summary = "sum over layers of the norm of the weight gradient"
    source = "Abdelfattah et al. 2021, section 3.1 (grad_norm)"
    takes = ("gradients",)
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A positive number, and the norm of every layer."""
        clean = passes.once(clean_pass, "default")
        norms = {layer: float(torch.linalg.vector_norm(g)) for layer, g in clean.gradients.items()}
        return summed("norm", norms, clean.gradient_notes)
