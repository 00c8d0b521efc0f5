"""`grasp`: how much the gradient flow would change if single weights went."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import add_gradients, clean_pass, gradients_of
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes


@dataclass(frozen=True)
class GraSP(Proxy):
    """Sum over layers and weights of -(H g) * W, with g = dL/dW and H the Hessian of L.

    H g is the gradient of `<stop(g), dL/dW>`: one more forward pass and a double backward pass. The sign is
    that of the zero-cost literature, the one of GraSP turned round. In the model's dtype; summed in float64,
    because positive and negative terms cancel. Noisy in the sources as well: two published runs of
    NAS-Bench-201 agree at rho .70.
    """

    name = "grasp"
    summary = "sum over weights of -(Hessian * gradient) * weight"
    source = "Wang et al. 2020, Eq. 8; Abdelfattah et al. 2021, section 3.2"
    takes = ("gradients",)
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A number of either sign, and the sum of every layer."""
        clean = passes.once(clean_pass, "default")
        gradients = clean.gradients
        network = passes.network()
        parameters = passes.parts(network).parameters
        weights = {layer: parameters[clean.parameters[layer]] for layer in gradients}
        products: dict[str, torch.Tensor] = {}
        # of attention's kernels the plain one alone can be differentiated twice
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            for rows in passes.chunks(network):
                loss = passes.share(passes.loss(network, passes.inputs[rows], rows=rows), rows)
                again = torch.autograd.grad(
                    loss, list(weights.values()), create_graph=True, allow_unused=True
                )
                pairs = zip(gradients.values(), again, strict=True)
                inner = sum((g * h).sum() for g, h in pairs if h is not None)
                assert isinstance(inner, torch.Tensor)
                add_gradients(products, gradients_of(inner, weights))
        terms = {
            layer: -float((weights[layer].detach().double() * products[layer].double()).sum())
            for layer in weights
            if layer in products
        }
        return summed("sum", terms, clean.notes)
