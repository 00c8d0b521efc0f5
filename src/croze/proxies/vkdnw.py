"""`vkdnw`: how evenly the weights of a network can be known (entropy of the Fisher spectrum)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.nn.leading_gradients import leading_gradients
from croze.nn.scratch import evaluating
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes, Undefined

DECILES = tuple(k / 10 for k in range(1, 10))


@dataclass(frozen=True)
class _Spectrum(Proxy):
    smoothing: float = 0.05

    needs_gradients = True
    needs_images = False
    runs_in_chunks = True

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing <= 1:
            raise CrozeError(f"Argument smoothing of {self.name} lies in [0, 1], got {self.smoothing}.")


@dataclass(frozen=True)
class Vkdnw(_Spectrum):
    """Entropy of the nine deciles of the Fisher information's eigenvalues, normalised to sum 1.

    The information is `E_x J^T (diag p - p p^T) J`, `(P, P)`, with J the derivative of the logits with
    respect to the first element of each of the P parameter tensors, `(classes, P)`, and p the softmax, mixed
    with the uniform distribution at weight `smoothing`: untrained networks in evaluation mode are certain of
    one class, and the information would vanish. Inputs are as many N(0, 1) noise images as the batch has,
    weights are Kaiming-initialised; mode, noise and smoothing are those of the released code (which
    multiplies J by the Cholesky factor from the other side; here the formula of the paper). One forward pass
    and one backward pass a class. J in the model's dtype, information and eigenvalues in float64, since they
    span many orders.
    """

    name = "vkdnw"
    summary = "entropy of the Fisher information's eigenvalues"
    source = "Tybl & Neumann 2025, Eq. 10 and 11"

    def measure(self, passes: Passes) -> Measurement:
        """A number in [0, log 9]."""
        return Measurement(_entropy(passes.once(_information, self.smoothing)))


@dataclass(frozen=True)
class VkdnwSingle(_Spectrum):
    """Number of parameter tensors, and among equals that entropy: P + entropy / log 9.

    The paper adds the entropy itself, which ranks the same way where networks differ by more than two
    tensors, and its code sorts by the pair, which is what this does.
    """

    name = "vkdnw-single"
    summary = "number of parameter tensors, then the entropy of vkdnw"
    source = "Tybl & Neumann 2025, Eq. 12"

    def measure(self, passes: Passes) -> Measurement:
        """A number >= 1."""
        information = passes.once(_information, self.smoothing)
        return Measurement(len(information) + _entropy(information) / math.log(len(DECILES)))


def _information(passes: Passes, smoothing: float) -> Tensor:
    network = passes.network("kaiming")
    (x,) = passes.noise(len(passes.labels))
    size = passes.micro_batch or len(x)
    total: Tensor | None = None
    with evaluating(network):
        plan, parameters = passes.plan(network), passes.parameters(network)
        passes.need_logits()
        for part in torch.split(x, size):
            found = leading_gradients(
                plan, parameters, lambda rows, watch: passes.logits(network, rows, watch=watch), part
            )
            if found is None:
                raise Undefined("no gradient reaches any parameter")
            logits, jacobian = found
            p = logits.double().softmax(dim=1) * (1 - smoothing) + smoothing / logits.shape[1]
            weighted = p[:, :, None] * jacobian.double()
            mean = weighted.sum(dim=1)
            # sum over images of J^T (diag p - p p^T) J
            information = torch.einsum("nca,ncb->ab", jacobian.double(), weighted) - mean.T @ mean
            total = information if total is None else total + information
    assert total is not None
    if not bool(torch.isfinite(total).all()):
        raise Undefined("the Fisher information is not finite")
    return total / len(x)


def _entropy(information: Tensor) -> float:
    values = torch.linalg.eigvalsh(information).clamp_min(0)
    deciles = torch.quantile(values, torch.tensor(DECILES, dtype=values.dtype, device=values.device))
    total = float(deciles.sum())
    if not total > 0:
        raise Undefined("the Fisher information is zero")
    shares = deciles / total
    return float(-torch.special.xlogy(shares, shares).sum())
