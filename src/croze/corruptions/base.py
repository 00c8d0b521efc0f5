"""What a corruption is: frozen constants, five sets of them, and one method that applies them by chance."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from croze.corruptions.frost_textures import FrostTextures


class Draws:
    """What chance decides for `count` images of a data set, of which the first is number `first`.

    The stream of an image follows from the seed, the corruption, its severity and the image's index, so it is
    the same whatever other images it comes with. Everything is drawn on the CPU; devices agree.
    """

    def __init__(self, seed: int, name: str, severity: int, first: int, count: int) -> None:
        self.count = count
        self._names = [f"{seed} {name} {severity} {first + i}" for i in range(count)]

    @cached_property
    def _streams(self) -> list[np.random.Generator]:
        return [_stream(name) for name in self._names]

    def normal(self, *shape: int) -> Tensor:
        """Standard normal float32 numbers `(count, *shape)`."""
        values = np.empty((self.count, math.prod(shape)), dtype=np.float32)
        for stream, out in zip(self._streams, values, strict=True):
            stream.standard_normal(out=out, dtype=np.float32)
        return torch.from_numpy(values.reshape(self.count, *shape))

    def uniform(self, *shape: int) -> Tensor:
        """Uniform float64 numbers in [0, 1), `(count, *shape)`."""
        values = np.empty((self.count, math.prod(shape)))
        for stream, out in zip(self._streams, values, strict=True):
            stream.random(out=out)
        return torch.from_numpy(values.reshape(self.count, *shape))

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Whole numbers in `low .. high - 1` as int64 `(count, *shape)`."""
        values = np.empty((self.count, *shape), dtype=np.int64)
        for stream, out in zip(self._streams, values, strict=True):
            out[...] = stream.integers(low, high, size=shape)
        return torch.from_numpy(values)

    def poisson(self, rates: Tensor) -> Tensor:
        """Poisson numbers of these rates `(count, ...)`, in their dtype and on their device."""
        on_cpu = rates.detach().cpu().numpy()
        found = np.empty_like(on_cpu)
        for stream, rate, out in zip(self._streams, on_cpu, found, strict=True):
            out[...] = stream.poisson(rate)
        return torch.from_numpy(found).to(rates.device)


def _stream(text: str) -> np.random.Generator:
    # 128 bits: no two images share a stream; SFC64 is the fastest of NumPy's generators
    entropy = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))


SLACK = 1e-4
"""Of a level: what rounding may have taken from a whole number, so that 8-bit images stay what they are."""


def cut(images: Tensor) -> Tensor:
    """Pixels in [0, 1] as whole numbers 0 .. 255, float64, cut off as CIFAR-C does, not rounded."""
    return (images.double() * 255).add_(SLACK).floor_()


SIDE = 32
"""Of the images that the constants are for; lengths grow with the shorter side of others."""


@dataclass(frozen=True)
class Context:
    """What a corruption may use besides the images: chance, and the textures of frost."""

    draws: Draws
    frost: FrostTextures


@dataclass(frozen=True)
class Kind(ABC):
    """A corruption at one severity. Subclasses are frozen dataclasses whose fields are its constants.

    What `apply` does to an image may not depend on the others: it adds, multiplies and picks element by
    element, which rounds alike in batches of every size, and leaves out matrix products and `sum`.

    Class attributes:
        name: as in CIFAR-C.
        summary: one line for `croze list`.
        constants: the fields at severity 1 to 5.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    constants: ClassVar[tuple[tuple[float, ...], ...]]

    @classmethod
    def at(cls, severity: int) -> Self:
        """The corruption with the constants of this severity."""
        return cls(*cls.constants[severity - 1])

    @abstractmethod
    def apply(self, images: Tensor, context: Context) -> Tensor:
        """The corrupted images; may leave [0, 1], from which the caller clips.

        Args:
            images: float32 or float64 `(N, 3, H, W)` in [0, 1]; not to be changed.
            context: as many streams of chance as images.
        """


def scale_of(images: Tensor) -> float:
    """How much longer lengths are than in CIFAR's images: the shorter side over 32."""
    return min(images.shape[-2:]) / SIDE
