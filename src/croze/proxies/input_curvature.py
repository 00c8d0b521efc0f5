"""`input-curvature`: how much the loss bends around the images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import gradients_of
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class InputCurvature(Proxy):
    """log of mean_n ||grad l_n(x + h z) - grad l_n(x)||_2 / h; less is better.

    l_n is the cross-entropy of image n, gradients are with respect to the image, z = sign(grad l_n) / ||sign
    (grad l_n)||_2 the direction of FGSM, of length 1, and `h_normalised` the step's length in normalised
    image space, so that the quotient is the curvature along z. Two forward and backward passes to the input
    in training mode, in the model's dtype. The logarithm, because curvatures of networks differ by orders.
    """

    h_normalised: float = 1.5

    name = "input-curvature"
    summary = "curvature of the loss around the images (less is better)"
    source = "Moosavi-Dezfooli et al. 2019, Eq. 5 (CURE)"
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True
    higher_is_better = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.h_normalised) and self.h_normalised > 0):
            raise CrozeError(
                f"Argument h_normalised of {self.name} must be above 0, got {self.h_normalised}."
            )

    def measure(self, passes: Passes) -> Measurement:
        """A logarithm."""
        bend = gradient_change(passes, self.h_normalised, passes.chunks(passes.network())) / self.h_normalised
        if not math.isfinite(bend):
            raise Undefined("the gradient of the loss at the images is not finite")
        if not bend > 0:
            raise Undefined("the loss does not bend around the images")
        return Measurement(math.log(bend))


def gradient_change(passes: Passes, h: float, parts: Sequence[slice]) -> float:
    """Mean over images of ||grad l(x + h z) - grad l(x)||_2, in whatever mode the network is, part by part.

    Raises:
        Undefined: when no gradient reaches the images.
    """
    norms = []
    for rows in parts:
        x = passes.inputs[rows]
        before = _input_gradient(passes, x, rows)
        sign = before.sign()
        length = torch.linalg.vector_norm(sign.flatten(1), dim=1).clamp_min(1.0)
        after = _input_gradient(passes, x + h * sign / length[:, None, None, None], rows)
        norms.append(torch.linalg.vector_norm((after - before).flatten(1).double(), dim=1))
    return float(torch.cat(norms).mean())


def _input_gradient(passes: Passes, x: Tensor, rows: slice) -> Tensor:
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        total = passes.loss(passes.network(), x, rows=rows) * len(x)
        found = gradients_of(total, {"x": x})
    if "x" not in found:
        raise Undefined("no gradient reaches the images")
    return found["x"]
