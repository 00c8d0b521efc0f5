"""`l2-norm`: the norm of the weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from croze.proxies.base import Measurement, Proxy
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes


@dataclass(frozen=True)
class L2Norm(Proxy):
    """Sum over layers of ||W||_2, W the weight of a layer as it was initialised, in the model's dtype.

    A weight that is computed from others (spectral or weight norm) counts with its present value, one that
    layers share counts once.
    """

    name = "l2-norm"
    summary = "sum over layers of the norm of the weight"
    source = "Abdelfattah et al. 2021; Krishnakumar et al. 2022, Table 1 (l2_norm)"
    needs_images = False
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A positive number, and the norm of every layer."""
        network = passes.network()
        weights = passes.weights(network)
        norms = {
            layer: float(torch.linalg.vector_norm(weight.contiguous())) for layer, weight in weights.items()
        }
        return summed("norm", norms, passes.plan(network).notes)
