"""`linear-regions`: into how many linear pieces a network cuts a set of inputs (TE-NAS)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from croze.errors import CrozeError
from croze.proxies.activation_kernel import NAN, NO_RECTIFIER
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class LinearRegions(Proxy):
    """Number of distinct activation codes among `samples` noise inputs of `resolution` x `resolution`.

    Inputs are N(0, 1) in normalised image space, `(samples, C, resolution, resolution)`; the defaults are
    those of the paper, which counts on a thin network of one cell and one channel: a space that has such a
    flavour is measured on it. On a network of usual width every input has a code of its own and the count is
    `samples` for all: it says something of thin networks alone. One forward pass in training mode; counts are
    exact.
    """

    samples: int = 1000
    resolution: int = 3

    name = "linear-regions"
    summary = "number of linear regions that noise inputs fall into"
    source = "Chen et al. 2021, Eq. 4"
    needs_images = False
    runs_in_chunks = True
    flavour = "thin"

    def __post_init__(self) -> None:
        if self.samples < 2 or self.resolution < 1:
            raise CrozeError(
                f"{self.name} needs at least 2 samples and a resolution of 1 or more, "
                f"got samples {self.samples}, resolution {self.resolution}."
            )

    def measure(self, passes: Passes) -> Measurement:
        """A whole number as a float."""
        (x,) = passes.noise(self.samples, size=self.resolution)
        network = passes.network()
        with torch.no_grad():
            try:
                watch = passes.watch(network, x)
                codes = watch.codes()
                logits = passes.logits(network, x, watch=watch)
            except RuntimeError as problem:
                raise Undefined(
                    f"the network takes no inputs of {self.resolution}x{self.resolution} pixels "
                    f"({str(problem).splitlines()[0]}): set resolution to a size that it takes"
                ) from problem
        if not codes:
            raise Undefined(NO_RECTIFIER)
        if bool(logits.isnan().any()):
            raise Undefined(NAN)
        return Measurement(float(len(torch.unique(torch.cat(codes, dim=1), dim=0))))
