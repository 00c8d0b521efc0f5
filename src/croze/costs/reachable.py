"""Parameters that can have an effect: what a limit on live parameters counts, without a pass."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.costs.base import Build, Cost
from croze.nn.count import reachable_parameter_count


@dataclass(frozen=True)
class ReachableParams(Cost):
    """Trainable parameters that a path connects with the logits; see `nn.count.reachable_parameter_count`.

    The proxy `live-params` counts the same on real numbers, and leaves out what gets a gradient of zeros.
    """

    unit = "parameters"
    kept = True

    @property
    def spec(self) -> str:
        """`reachable-params`."""
        return "reachable-params"

    def of(self, architecture: str, build: Build, inputs: Tensor) -> float:
        """A whole number as a float."""
        shape = inputs.shape[1:]
        try:
            with torch.device("meta"):
                return float(reachable_parameter_count(build(), shape))
        except Exception:  # a network that needs real numbers to be built or run
            return float(reachable_parameter_count(build(), shape))
