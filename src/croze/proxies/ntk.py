"""`ntk`: the condition number of the neural tangent kernel (TE-NAS)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class Ntk(Proxy):
    """kappa = lambda_max / lambda_min of the tangent kernel J J^T; less is better.

    Row n of J, `(N, weights)`, is the gradient of the summed logits of image n with respect to every
    parameter that something is multiplied with (weights of layers, scales of normalisation), with the
    statistics of BatchNorm those of the batch, held fixed. (The released code differentiates through them;
    behind a BatchNorm and a global pooling its rows then sum to zero, and its least eigenvalue is rounding
    noise.) One forward pass in training mode and one backward pass an image, on the weights as handed in
    (TE-NAS itself averages over Kaiming draws). J in the model's dtype, kernel and eigenvalues in float64:
    the least eigenvalue is a small difference. A kernel that is singular to the precision of J has no
    condition number.
    """

    name = "ntk"
    summary = "condition number of the neural tangent kernel (less is better)"
    source = "Chen et al. 2021, Eq. 2"
    needs_gradients = True
    runs_in_chunks = True
    higher_is_better = False

    def measure(self, passes: Passes) -> Measurement:
        """A number >= 1."""
        if len(passes.labels) < 2:
            raise Undefined("the kernel of at least 2 images is needed, the batch has 1")
        values = torch.linalg.eigvalsh(passes.once(_kernel))
        least, largest = float(values[0]), float(values[-1])
        precision = torch.finfo(passes.inputs.dtype).eps ** 1.5
        if not least > max(1e-13, precision) * largest:
            raise Undefined("the tangent kernel is singular")
        return Measurement(largest / least)


def _kernel(passes: Passes) -> Tensor:
    network = passes.network()
    parameters = passes.parameters(network)
    multiplied = [
        piece.parameter
        for piece in passes.plan(network).tensors
        if piece.role in ("weight", "scale", "other")
    ]
    weights = [parameters[name] for name in dict.fromkeys(multiplied)]
    rows = []
    with torch.enable_grad():
        for part in passes.chunks(network):
            x = passes.inputs[part]
            watch = passes.watch(network, x)
            watch.fixable_statistics().on = True
            logits = passes.logits(network, x, watch=watch).sum(dim=1)
            if not weights or not logits.requires_grad:
                raise Undefined("no gradient reaches any weight")
            for n, logit in enumerate(logits):
                found = torch.autograd.grad(
                    logit, weights, allow_unused=True, retain_graph=n + 1 < len(logits)
                )
                rows.append(torch.cat([g.flatten() for g in found if g is not None]))
    kernel = torch.zeros(len(rows), len(rows), dtype=torch.float64, device=rows[0].device)
    for columns in torch.split(torch.stack(rows), 2**16, dim=1):  # float64 a piece at a time
        piece = columns.double()
        kernel += piece @ piece.T
    if not bool(torch.isfinite(kernel).all()):
        raise Undefined("the tangent kernel is not finite")
    return kernel
