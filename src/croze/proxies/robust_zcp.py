"""`robust-zcp`: a tangent-kernel term times the bend of the input loss (Feng et al. 2024)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.nn.plan import Piece
from croze.nn.scratch import evaluating
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import gradients_of
from croze.proxies.input_curvature import gradient_change
from croze.proxies.passes import Passes, Undefined

TENSORS = 11
"""How many parameter tensors enter the kernel term, from the input on."""

ELEMENTS = 50
"""How many elements of each; tensors with fewer are passed over."""


@dataclass(frozen=True)
class RobustZcp(Proxy):
    """-(t * K + log L), the logarithm of the paper's R = -exp(t * K) * L: the same ranking.

    K sums, over the first 50 elements of the first 11 parameter tensors that have as many, the product of the
    loss gradient of image i with that of image N/2 + i, over i < N/2, divided by 2,500; every image runs by
    itself. L is the mean over images of ||grad l(x + h z) - grad l(x)||_2, see `input-curvature`, with a step
    of length `h_normalised` in normalised image space. Evaluation mode throughout, t = 5e6 and h = 50 as in
    the released code (which takes 50 images for K and 8 for L; here both take the batch, scaled to 25 pairs).
    In the model's dtype, K in float64, because products of either sign cancel.
    """

    t: float = 5e6
    h_normalised: float = 50.0

    name = "robust-zcp"
    summary = "tangent-kernel term and bend of the input loss"
    source = "Feng et al. 2024, Eq. 9 to 12, and the released code's constants"
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.t) and math.isfinite(self.h_normalised) and self.h_normalised > 0):
            raise CrozeError(
                f"Arguments of {self.name} must be a finite t and an h_normalised above 0, "
                f"got t {self.t}, h_normalised {self.h_normalised}."
            )

    def measure(self, passes: Passes) -> Measurement:
        """A number of either sign; higher is better."""
        images = len(passes.labels)
        if images < 2:
            raise Undefined("gradients of at least 2 images are compared, the batch has 1")
        with evaluating(passes.network()):
            gradients = _leading(passes)
            size = passes.micro_batch or images
            parts = [slice(start, min(start + size, images)) for start in range(0, images, size)]
            bend = gradient_change(passes, self.h_normalised, parts)
        half = images // 2
        pairs = (gradients[:half] * gradients[half : 2 * half]).sum()
        kernel = float(pairs) * (25 / half) / ELEMENTS**2
        if not (math.isfinite(bend) and math.isfinite(kernel)):
            raise Undefined("some gradient of the loss is not finite")
        if not bend > 0:
            raise Undefined("the loss does not bend around the images")
        return Measurement(-(self.t * kernel + math.log(bend)))


def _leading(passes: Passes) -> Tensor:
    """The chosen gradient elements of every image by itself, float64 `(N, elements)`."""
    network = passes.network()
    plan, parameters = passes.plan(network), passes.parameters(network)
    pieces = [piece for piece in plan.tensors if piece.elements(parameters) >= ELEMENTS]
    used = {piece.parameter: parameters[piece.parameter] for piece in pieces}
    rows = []
    chosen: list[Piece] = []
    for n in range(len(passes.labels)):
        here = slice(n, n + 1)
        with torch.enable_grad():
            found = gradients_of(passes.loss(network, passes.inputs[here], rows=here), used)
        chosen = chosen or [piece for piece in pieces if piece.parameter in found][:TENSORS]
        if not chosen:
            raise Undefined(f"no gradient reaches a parameter tensor of {ELEMENTS} elements or more")
        first = [piece.read(found[piece.parameter]).flatten()[:ELEMENTS].double() for piece in chosen]
        rows.append(torch.cat(first))
    return torch.stack(rows)
