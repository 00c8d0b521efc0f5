"""`epe-nas`: Jacobian correlations within each class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from croze.errors import CrozeError
from croze.proxies.base import Measurement, Proxy
from croze.proxies.jacob_cov import correlations, jacobian
from croze.proxies.passes import Passes, Undefined

FEW_CLASSES = 100
"""Up to so many classes their sums are added, above their differences are averaged."""


@dataclass(frozen=True)
class EpeNas(Proxy):
    """Sum over classes c of |E_c|, with E_c the sum of log(|r_ij| + k) over the images i, j of the class.

    r are the correlations of the input Jacobians, see `jacob-cov`. With more than 100 classes E_c is divided
    by the number of its images, and the score is the sum over pairs of classes of |E_c - E_d|, divided by the
    number of classes seen. A batch with one image a class says nothing: the score is undefined. Same passes
    and dtypes as `jacob-cov`.
    """

    k: float = 1e-5

    name = "epe-nas"
    summary = "correlations between input Jacobians within each class"
    source = "Lopes et al. 2021, Eq. 3 to 5"
    takes = ("jacobian",)
    needs_labels = True
    needs_gradients = True
    runs_in_chunks = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.k) and self.k > 0):
            raise CrozeError(f"Argument k of {self.name} must be above 0, got {self.k}.")

    def measure(self, passes: Passes) -> Measurement:
        """A number >= 0."""
        rows = jacobian(passes)
        classes = [passes.labels == label for label in torch.unique(passes.labels)]
        if max(int(members.sum()) for members in classes) < 2:
            raise Undefined(
                f"the {len(passes.labels)} images are all of different classes: "
                "take a larger batch, so that some class has two"
            )
        many = passes.classes > FEW_CLASSES
        if many:  # as in the released code, which finds no correlations in a class of one image
            classes = [members for members in classes if int(members.sum()) > 1]
        sums = []
        for members in classes:
            logs = (correlations(rows[members]).abs() + self.k).log()
            sums.append(logs.sum() / (len(logs) if many else 1))
        found = torch.stack(sums)
        if many:
            return Measurement(float((found[:, None] - found[None]).abs().sum() / len(found)))
        return Measurement(float(found.abs().sum()))
