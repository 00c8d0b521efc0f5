"""Sizes as proxies: number of parameters, of live parameters, and multiply-adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from croze.errors import CrozeError
from croze.nn.count import flop_count, live_count_in, parameter_count
from croze.nn.suite_flops import suite_flop_count
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes

CONVENTIONS: Mapping[str, Callable[[nn.Module, Sequence[int]], int]] = {
    "macs": flop_count,
    "suite": suite_flop_count,
}
"""What counts as an operation, by name."""


@dataclass(frozen=True)
class Params(Proxy):
    """Number of trainable parameters of the model as it was handed in."""

    name = "params"
    summary = "number of trainable parameters"
    source = "Ha et al. 2023, Tables 1 and 2 (#Params.)"
    needs_images = False
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A whole number as a float."""
        return Measurement(float(parameter_count(passes.model)))


@dataclass(frozen=True)
class LiveParams(Proxy):
    """Number of trainable parameters that a gradient reaches; see `nn.count.live_parameter_count`."""

    name = "live-params"
    summary = "number of trainable parameters that a gradient reaches"
    source = "this project"
    needs_gradients = True

    def measure(self, passes: Passes) -> Measurement:
        """A whole number as a float."""
        return Measurement(float(passes.once(_live)))


@dataclass(frozen=True)
class Flops(Proxy):
    """Multiply-adds of one image's forward pass; see `nn.count.flop_count` for what counts.

    `convention=suite` counts normalisation, activations and pooling too, as the values that
    NAS-Bench-Suite-Zero publishes; see `nn.suite_flops`.
    """

    convention: str = "macs"

    name = "flops"
    summary = "multiply-adds of one image's forward pass"
    source = "Ha et al. 2023, Tables 1 and 2 (FLOPs)"
    needs_images = False
    runs_in_chunks = True

    def __post_init__(self) -> None:
        if self.convention not in CONVENTIONS:
            raise CrozeError(
                f"Argument convention of {self.name} takes {' or '.join(CONVENTIONS)}, "
                f"got {self.convention!r}."
            )

    def measure(self, passes: Passes) -> Measurement:
        """A whole number as a float."""
        return Measurement(float(CONVENTIONS[self.convention](passes.network(), passes.shape)))


def _live(passes: Passes) -> int:
    trainable = [name for name, p in passes.model.named_parameters() if p.requires_grad]
    return live_count_in(passes.network(), trainable, passes.raw_inputs)
