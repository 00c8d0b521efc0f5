"""`swap` and `swap-reg`: how many different activation patterns the units of a network show."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.nn.count import parameter_count
from croze.proxies.activation_kernel import NAN, NO_RECTIFIER, codes_of
from croze.proxies.base import Measurement, Proxy
from croze.proxies.passes import Passes, Undefined


@dataclass(frozen=True)
class _Patterns(Proxy):
    """Arguments of both: how many N(0, 1) noise images to count over; 0 counts over the batch."""

    samples: int = 0

    def __post_init__(self) -> None:
        if self.samples < 0 or self.samples == 1:
            raise CrozeError(f"Argument samples of {self.name} must be 0 or at least 2, got {self.samples}.")

    @property
    def asks(self) -> frozenset[tuple[str, str]]:
        """The codes of the clean pass, unless it runs on noise."""
        return frozenset() if self.samples else frozenset({("default", "codes")})

    def _count(self, passes: Passes) -> int:
        return passes.once(_patterns, self.samples)


@dataclass(frozen=True)
class Swap(_Patterns):
    """Number of distinct sample-wise activation patterns.

    A unit's pattern is its code over the N images, `(N,)`; equal patterns count once, so the score is at most
    `min(units, 2^N)` and a batch of 8 images cannot tell large networks apart: take 16 or more, or
    `samples=32`, which counts over 32 noise images in normalised image space whatever the batch is. One
    forward pass in training mode; counts are exact.
    """

    name = "swap"
    summary = "number of distinct sample-wise activation patterns"
    source = "Peng et al. 2024, definitions 3.2 and 3.3"
    runs_in_chunks = True

    def measure(self, passes: Passes) -> Measurement:
        """A whole number as a float."""
        return Measurement(float(self._count(passes)))


@dataclass(frozen=True)
class SwapRegularised(_Patterns):
    """log of the SWAP-Score times exp(-(p - mu)^2 / sigma), p the number of parameters in thousands.

    The logarithm, because the factor leaves the range of floating point for networks far from `mu`; the same
    ranking. `mu` is the size that is looked for and `sigma` how much deviation is let pass: the paper sets
    both for each search. The defaults lie at the largest networks of NAS-Bench-201.
    """

    mu: float = 1500.0
    sigma: float = 1500.0**2

    name = "swap-reg"
    summary = "SWAP with a preference for one size of network"
    source = "Peng et al. 2024, definition 3.4 (Eq. 6)"
    runs_in_chunks = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (math.isfinite(self.mu) and math.isfinite(self.sigma) and self.sigma > 0):
            raise CrozeError(
                f"Arguments of {self.name} must be a finite mu and a sigma above 0, "
                f"got mu {self.mu} and sigma {self.sigma}."
            )

    def measure(self, passes: Passes) -> Measurement:
        """A logarithm."""
        size = parameter_count(passes.model) / 1000
        return Measurement(math.log(self._count(passes)) - (size - self.mu) ** 2 / self.sigma)


def _patterns(passes: Passes, samples: int) -> int:
    codes = _noise_codes(passes, samples) if samples else codes_of(passes)
    if len(codes[0]) < 2:
        raise Undefined("patterns over at least 2 images are counted, the batch has 1")
    packed = torch.cat([_packed(code) for code in codes])
    if packed.shape[1] == 1:  # sorting numbers is many times as fast as sorting rows
        return len(torch.unique(packed[:, 0]))
    return len(torch.unique(packed, dim=0))


def _noise_codes(passes: Passes, samples: int) -> tuple[Tensor, ...]:
    (x,) = passes.noise(samples)
    network = passes.network()
    watch = passes.watch(network, x)
    codes = watch.codes()
    with torch.no_grad():
        logits = passes.logits(network, x, watch=watch)
    if bool(logits.isnan().any()):
        raise Undefined(NAN)
    if not codes:
        raise Undefined(NO_RECTIFIER)
    return tuple(codes)


def _packed(code: Tensor) -> Tensor:
    """Patterns `(units, words)` of 62 images a word, from a code `(N, units)`."""
    words = []
    for part in torch.split(code, 62):
        weights = 2 ** torch.arange(len(part), device=part.device)
        words.append((part.to(torch.int64) * weights[:, None]).sum(dim=0))
    return torch.stack(words, dim=1)
