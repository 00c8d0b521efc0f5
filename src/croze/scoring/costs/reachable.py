"""Parameters that can have an effect: what a limit on live parameters counts, without a pass."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from croze.nn.count import counted_without_weights, reachable_parameter_count
from croze.scoring.costs.base import Build, Cost


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
        return float(
            counted_without_weights(
                build, lambda network: reachable_parameter_count(network, inputs.shape[1:])
            )
        )
