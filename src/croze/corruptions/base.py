"""What a corruption is: frozen constants, five sets of them, and one method that applies them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor

from croze.corruptions.draws import Draws
from croze.corruptions.frost_textures import FrostTextures

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
