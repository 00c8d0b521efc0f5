"""`zen`: how strongly the feature map answers a small change of the input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from croze.errors import CrozeError
from croze.nn.record import last_feature_map
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes, Undefined

VARIANCES = ("batch", "running")
"""Where the scale of a BatchNorm comes from."""


@dataclass(frozen=True)
class Zen(Proxy):
    """log E ||f(x) - f(x + alpha e)||_1 + sum over BatchNorm layers of log sqrt(mean_k var_k).

    f is the feature map before the global pooling (the last output of a module that has positions; the input
    of the classifier where none has), x and e are N(0, 1) noise in normalised image space, `(samples, C, H,
    W)`, weights are drawn from N(0, 1), and var_k is the batch variance of channel k in front of a BatchNorm:
    the second term gives back the scale that BatchNorm takes away. The expectation runs over images and
    `repeats` fresh draws of weights and noise.

    With `variance=running` var_k is the running variance after the two forward passes, as the released code
    takes it, and published scores with it: mostly .81 + .19 var_k. In the model's dtype: the logarithm needs
    no more. Without BatchNorm the second term is zero, which is the Phi-Score.
    """

    alpha: float = 0.01
    samples: int = 16
    repeats: int = 1
    variance: str = "batch"

    name = "zen"
    summary = "response of the feature map to noise, BatchNorm's scale given back"
    source = "Lin et al. 2021, algorithm 1 and Eq. 4"
    needs_images = False
    runs_in_chunks = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.alpha) and self.alpha > 0 and self.samples > 0 and self.repeats > 0):
            raise CrozeError(
                f"Arguments of {self.name} must be above 0, got alpha {self.alpha}, samples {self.samples}, "
                f"repeats {self.repeats}."
            )
        if self.variance not in VARIANCES:
            raise CrozeError(
                f"Argument variance of {self.name} takes {' or '.join(VARIANCES)}, got {self.variance!r}."
            )

    def measure(self, passes: Passes) -> Measurement:
        """A logarithm."""
        return Measurement(
            math.fsum(self._once(passes, repeat) for repeat in range(self.repeats)) / self.repeats
        )

    def _once(self, passes: Passes, repeat: int) -> float:
        network = passes.network("gaussian", repeat)
        x, e = passes.noise(self.samples, count=2, stream=repeat)
        with torch.no_grad():
            with last_feature_map(network) as clean, _variances(network) as first:
                passes.logits(network, x)
            with last_feature_map(network) as moved, _variances(network) as second:
                passes.logits(network, x + self.alpha * e)
        if not clean or not moved:
            raise Undefined("the network has no feature map in front of its output")
        change = float((clean[-1] - moved[-1]).flatten(1).abs().sum(dim=1).double().mean())
        if not change > 0:
            raise Undefined("the feature map does not answer a change of the input")
        if self.variance == "running":
            pairs = zip(first, second, strict=True)
            variances = [a.running(b) for a, b in pairs]
        else:
            variances = [a.batch for a in first]
        if not all(variance > 0 for variance in variances):
            raise Undefined("what enters some BatchNorm layer does not vary")
        return math.log(change) + math.fsum(math.log(variance) / 2 for variance in variances)


@dataclass(frozen=True)
class _Variance:
    """Of what enters a BatchNorm, averaged over channels.

    Attributes:
        batch: over the batch and positions.
        unbiased: the same with Bessel's correction, which running variances take.
        before: the running variance before the pass; 1 where the layer keeps none.
        momentum: of the running variance.
    """

    batch: float
    unbiased: float
    before: float
    momentum: float

    def running(self, after: _Variance) -> float:
        """The running variance after this pass and another."""
        once = (1 - self.momentum) * self.before + self.momentum * self.unbiased
        return (1 - self.momentum) * once + self.momentum * after.unbiased


@contextmanager
def _variances(network: nn.Module) -> Iterator[list[_Variance]]:
    found: list[_Variance] = []

    def hook(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        x: Tensor = inputs[0]
        assert isinstance(module, _BatchNorm)
        variance = x.transpose(0, 1).flatten(1).double().var(dim=1, correction=0)
        values = x.numel() // x.shape[1]
        before = 1.0 if module.running_var is None else float(module.running_var.double().mean())
        batch = float(variance.mean())
        unbiased = batch * values / max(values - 1, 1)
        found.append(_Variance(batch, unbiased, before, 0.1 if module.momentum is None else module.momentum))

    handles = [m.register_forward_pre_hook(hook) for m in network.modules() if isinstance(m, _BatchNorm)]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
