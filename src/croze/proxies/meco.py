"""`meco`: how independent the channels of the feature maps are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.nn.axes import Layout
from croze.nn.blocks import declared_blocks
from croze.nn.watch import NO_ROWS
from croze.proxies.base import Measurement, Proxy
from croze.proxies.layerwise import summed
from croze.proxies.passes import Passes, Undefined

BESIDE = "a second noise image ran beside the first: BatchNorm over a single position needs it"


@dataclass(frozen=True)
class Meco(Proxy):
    """Sum over maps of the least eigenvalue of the correlation matrix between their channels.

    Maps are what layers, normalisations and rectifiers give for one N(0, 1) noise image, seen as
    `(channels, positions)`. A constant channel correlates with none, as in the released code. That one
    takes the output of every module, containers too; networks that name their blocks (those of the spaces)
    are measured so as well, as the published scores were. With fewer positions than channels the matrix is
    singular and adds nothing. One forward pass in training mode; correlations and eigenvalues in float64,
    because the least eigenvalue is a small difference.
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
        try:
            found = _watched(passes, network, x)
        except CrozeError:
            raise
        except ValueError:  # what BatchNorm says when it is left with a single value a channel
            found = _watched(passes, network, torch.cat([x, *passes.noise(1, stream=1)]))
            notes = (BESIDE,)
        if not found:
            raise Undefined(
                "no operation gives positions besides channels, so there are no maps to correlate"
            )
        return summed("eigenvalue", found, notes)


def _watched(passes: Passes, network: nn.Module, x: Tensor) -> dict[str, float]:
    """The eigenvalues of one pass, of the first image."""
    found: dict[str, float] = {}
    declared = bool(declared_blocks(network))
    watch = None if declared else passes.watch(network, x)
    if watch is not None:
        for step, layout in watch.plan.maps.items():
            watch.after(
                step, partial(_of_operation, found, f"{watch.plan.names[step]} {step}", layout, len(x))
            )
    handles = [
        m.register_forward_hook(partial(_of_module, found, n)) for n, m in network.named_modules() if declared
    ]
    try:
        with torch.no_grad():
            passes.logits(network, x, watch=watch)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _of_operation(found: dict[str, float], name: str, layout: Layout, images: int, out: Tensor) -> None:
    channels = layout.by_channel(out, images)
    if channels is None:
        raise CrozeError(NO_ROWS.format("an operation"))
    found[name] = _least(channels[0])


def _of_module(found: dict[str, float], name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
    if isinstance(output, Tensor) and output.ndim == 4:
        found[name] = found.get(name, 0.0) + _least(output[0].flatten(1))


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
