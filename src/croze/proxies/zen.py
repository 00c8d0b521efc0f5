"""`zen`: how strongly the feature map answers a small change of the input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.nn.plan import Norm
from croze.nn.watch import NO_ROWS, Watch, norm_arguments, taken
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
        clean, first = _pass(passes, network, x)
        moved, second = _pass(passes, network, x + self.alpha * e)
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


def _pass(passes: Passes, network: nn.Module, x: Tensor) -> tuple[list[Tensor], list[_Variance]]:
    watch = passes.watch(network, x)
    found = _watch_map(watch), _watch_variances(watch)
    with torch.no_grad():
        passes.logits(network, x, watch=watch)
    return found


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


def _watch_variances(watch: Watch) -> list[_Variance]:
    """Collect, for every BatchNorm that runs, the variance of what it takes in."""
    found: list[_Variance] = []

    def note(norm: Norm, x: Tensor, running: Tensor | None = None, momentum: float | None = None) -> None:
        channels = norm.layout.by_channel(x.detach(), watch.images)
        if channels is None:
            raise CrozeError(NO_ROWS.format("a normalisation"))
        rows = channels.transpose(0, 1).flatten(1).double()
        batch, values = float(rows.var(dim=1, correction=0).mean()), rows.shape[1]
        before = 1.0 if running is None else float(running.double().mean())
        unbiased = batch * values / max(values - 1, 1)
        found.append(_Variance(batch, unbiased, before, 0.1 if momentum is None else momentum))

    def torchs(norm: Norm, step: int) -> None:
        def run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            x, _, running, _, _, momentum, _ = norm_arguments(func, args, kwargs)
            note(norm, x, running, momentum)
            return func(*args, **kwargs)

        watch.instead(step, run)

    for step, norm in watch.plan.norms.items():
        if not norm.over_images:
            continue
        if norm.source is None:
            torchs(norm, step)
        else:
            watch.source(norm.source, partial(note, norm))
    return found


def _watch_map(watch: Watch) -> list[Tensor]:
    """Keep the last feature map: the last result with positions, or what the last layer takes in."""
    found: list[Tensor] = []
    plan = watch.plan
    if plan.last_map is not None:
        step, layout = plan.last_map

        def keep(out: Tensor) -> None:
            by_image = layout.by_image(out.detach(), watch.images)
            if by_image is None:
                raise CrozeError(NO_ROWS.format("the last feature map"))
            found.append(by_image.clone())

        watch.after(step, keep)
    elif plan.uses:
        use = plan.uses[max(plan.uses)]
        watch.before(
            use.step, lambda args, kwargs: found.append(taken(args, kwargs, use.product.x).detach().clone())
        )
    return found
