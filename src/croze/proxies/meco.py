"""`meco`: how independent the channels of the feature maps are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.proxies.base import Measurement, Proxy
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes, Undefined

BESIDE = "a second noise image ran beside the first: BatchNorm over a single position needs it"


@dataclass(frozen=True)
class Meco(Proxy):
    """Sum over modules of the least eigenvalue of the correlation matrix between their output's channels.

    The output for one N(0, 1) noise image is seen as `(channels, positions)`: the second dimension of a
    convolution's map, the last of what linear and attention layers give. A constant channel correlates with
    none, as in the released code, which like this takes every module with such an output, containers too.
    With fewer positions than channels the matrix is singular and adds nothing. One forward pass in training
    mode; correlations and eigenvalues in float64, because the least eigenvalue is a small difference.
    """

    name = "meco"
    summary = "least eigenvalues of the correlations between feature channels"
    source = "Jiang et al. 2023, Eq. 9"
    needs_images = False
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A number >= 0, and the eigenvalue of every module."""
        network = passes.network()
        (x,) = passes.noise(1)
        notes: tuple[str, ...] = ()
        with torch.no_grad(), _eigenvalues(network) as found:
            try:
                passes.logits(network, x)
            except CrozeError:
                raise
            except ValueError:  # what BatchNorm says when it is left with a single value a channel
                found.clear()
                passes.logits(network, torch.cat([x, *passes.noise(1, stream=1)]))
                notes = (BESIDE,)
        if not found:
            raise Undefined("no module gives positions besides channels, so there are no maps to correlate")
        return summed("eigenvalue", found, notes)


@contextmanager
def _eigenvalues(network: nn.Module) -> Iterator[dict[str, float]]:
    found: dict[str, float] = {}

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, _inputs: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) else output
            if isinstance(first, Tensor) and first.ndim in (3, 4) and first.is_floating_point():
                last = first.ndim == 3 or isinstance(module, nn.Linear | nn.LayerNorm)
                channels = first[0].movedim(-1, 0) if last else first[0]
                found[name] = found.get(name, 0.0) + _least(channels.flatten(1))

        return hook

    handles = [module.register_forward_hook(watch(name)) for name, module in network.named_modules()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _least(channels: Tensor) -> float:
    if not bool(torch.isfinite(channels).all()):
        return math.nan
    rows, positions = channels.shape
    if rows >= positions:
        return 0.0
    centred = channels.double()
    centred = centred - centred.mean(dim=1, keepdim=True)
    norms = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    varies = (channels != channels[:, :1]).any(dim=1, keepdim=True)  # exactly
    centred = torch.where(varies & (norms > 0), centred / norms.clamp_min(torch.finfo(norms.dtype).tiny), 0.0)
    return max(float(torch.linalg.eigvalsh(centred @ centred.T)[0]), 0.0)
