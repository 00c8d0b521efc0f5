"""`grasp`: how much the gradient flow would change if single weights went."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import add_gradients, clean_pass, gradients_of
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes, Undefined

ONCE = ("derivative for", "once_differentiable", "double backward")
"""What torch says of operations that cannot be differentiated twice."""


@contextmanager
def _named() -> Iterator[None]:
    """Operations that cannot be differentiated twice are a reason, not an error."""
    try:
        yield
    except RuntimeError as problem:
        said = str(problem).splitlines()[0]
        if any(part in said for part in ONCE):
            raise Undefined(f"the network has an operation without a second derivative: {said}") from None
        raise


def _refuse_once(value: torch.Tensor) -> None:
    """Raise Undefined where an operation would be taken for a constant in the second pass."""
    left: list[Any] = [value.grad_fn]
    seen: set[Any] = set()
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node.name().endswith("::Error") or "NotImplemented" in node.name():
            raise Undefined("the network has an operation without a second derivative (once_differentiable)")
        left += [following for following, _ in node.next_functions]


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
        holders = passes.holders(network)
        products: dict[str, torch.Tensor] = {}
        # of attention's kernels the plain one alone can be differentiated twice
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH), _named():
            for rows in passes.chunks(network):
                loss = passes.share(passes.loss(network, passes.inputs[rows], rows=rows), rows)
                again = passes.by_layer(network, gradients_of(loss, holders, again=True))
                inner = sum((g * again[layer]).sum() for layer, g in gradients.items() if layer in again)
                assert isinstance(inner, torch.Tensor)
                _refuse_once(inner)
                add_gradients(products, gradients_of(inner, holders))
        terms = {
            layer: -float((clean.weights[layer].double() * product.double()).sum())
            for layer, product in passes.by_layer(network, products).items()
        }
        return summed("sum", terms, clean.gradient_notes)
