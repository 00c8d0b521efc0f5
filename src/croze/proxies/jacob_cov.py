"""`jacob-cov`: how differently a network's output bends around the images of a batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.proxies.base import Measurement, Proxy
from croze.proxies.clean import clean_pass
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class JacobCov(Proxy):
    """-sum_i (log(v_i + k) + 1 / (v_i + k)), v the eigenvalues of the correlation matrix of the Jacobians.

    The Jacobian of image n is the gradient of its own summed logits with respect to its pixels, `(C * H *
    W,)`, with BatchNorm's statistics those of the batch, held fixed; their correlations form an `(N, N)`
    matrix. (The released code differentiates the summed logits of all images through those statistics;
    behind a BatchNorm and a global pooling that sum is constant, and its gradient rounding noise.) One
    forward and one backward pass to the input in training mode, in the model's dtype; correlations and
    eigenvalues in float64.
    """

    k: float = 1e-5

    name = "jacob-cov"
    summary = "spectrum of the correlations between input Jacobians"
    source = "Mellor et al. 2020 (version 1), Eq. 4; Abdelfattah et al. 2021, section 3.2 (jacob_cov)"
    takes = ("jacobian",)
    needs_gradients = True
    runs_in_chunks = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.k) and self.k > 0):
            raise CrozeError(f"Argument k of {self.name} must be above 0, got {self.k}.")

    def measure(self, passes: Passes) -> Measurement:
        """A negative number, at most -N."""
        values = torch.linalg.eigvalsh(correlations(jacobian(passes))) + self.k
        if float(values.min()) <= 0:
            raise Undefined("the correlation matrix of the Jacobians is not positive")
        return Measurement(-float((values.log() + 1 / values).sum()))


def jacobian(passes: Passes) -> Tensor:
    """Gradient of each image's summed logits with respect to it, float64 `(N, C * H * W)`; see `JacobCov`.

    Raises:
        Undefined: for a batch of one, or when it is rounding noise.
    """
    if len(passes.labels) < 2:
        raise Undefined("the Jacobians of at least 2 images are compared, the batch has 1")
    found = passes.once(clean_pass, "default").jacobian
    assert found is not None
    if not bool(found.any()):
        raise Undefined("the summed logits are constant in the images: their Jacobian is rounding noise")
    return found.flatten(1).double()


def correlations(rows: Tensor) -> Tensor:
    """Pearson's correlation between rows.

    Raises:
        Undefined: when a row is constant, or not finite.
    """
    centred = rows - rows.mean(dim=1, keepdim=True)
    norms = torch.linalg.vector_norm(centred, dim=1)
    constant = (rows == rows[:, :1]).all(dim=1)  # what is left of it after centring are rounding errors
    if not (bool(torch.isfinite(norms).all()) and float(norms.min()) > 0) or bool(constant.any()):
        raise Undefined("the Jacobian of some image is constant or not finite")
    unit: Tensor = centred / norms[:, None]
    return torch.mm(unit, unit.T)
