"""`naswot`: how differently a network's rectifiers see the images of a batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from croze.proxies.activation_kernel import agreement, is_singular
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class Naswot(Proxy):
    """log |det K_H|, with K_H[i, j] the number of units on which the codes of images i and j agree.

    A unit's code is the sign of what its rectifier (ReLU and its kin, called in whatever way) takes in; K_H
    is `(N, N)`, summed over every rectifier that runs. One forward pass in training mode; counts are whole
    numbers, the determinant is taken in float64. Whether it is zero is decided in whole numbers.
    """

    name = "naswot"
    summary = "log-determinant of the agreement between activation codes"
    source = "Mellor et al. 2021, Eq. 2 and 3"
    takes = ("codes",)
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A logarithm; undefined when K_H is singular, as when two images have the same code."""
        if len(passes.labels) < 2:
            raise Undefined("the codes of at least 2 images are compared, the batch has 1")
        kernel = passes.once(agreement)
        sign, logarithm = torch.linalg.slogdet(kernel)
        if float(sign) <= 0 or is_singular(kernel):
            raise Undefined(
                "the agreement matrix is singular: some images have the same activation code, "
                "or codes that depend on each other linearly"
            )
        return Measurement(float(logarithm))
