"""What the spaces have in common whose networks are cells stacked as in DARTS."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar, Generic, TypeVar, cast

from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.spaces.darts import auxiliary as auxiliary_module
from croze.spaces.darts import network as network_module
from croze.spaces.darts import operations as operations_module
from croze.spaces.darts.network import MakeCell
from croze.spaces.darts.staged import StagedNetwork
from croze.spaces.export import standalone
from croze.types import Architecture

A = TypeVar("A", bound=Architecture)

SIZES = {"cifar": (20, 36), "imagenet": (14, 48)}
"""Cells and channels of the networks of Liu et al. (2019) for either kind of images."""


@dataclass(frozen=True)
class StackedSpace(ABC, Generic[A]):
    """A space of cells, with the size its networks are built at.

    Attributes:
        layers: number of cells; 20 for CIFAR and 14 for ImageNet where it is not given.
        channels: width of the first cell, doubled by each of the two reductions; 36 or 48 without.
        network: `cifar`, with a stem that keeps the resolution, or `imagenet`, whose stem divides it by 8.
        auxiliary: whether there is an auxiliary head (for training; its parameters count).
        drop_path: probability of leaving out an operation in training; `drop_path` of a network changes it.

    Raises:
        CrozeError: for a size below 1, an unknown network or a probability outside [0, 1).
    """

    layers: int | None = None
    channels: int | None = None
    network: str = "cifar"
    auxiliary: bool = False
    drop_path: float = 0.0

    name: ClassVar[str]
    flavours: ClassVar[tuple[str, ...]] = ("standard",)

    def __post_init__(self) -> None:
        if self.network not in SIZES:
            raise CrozeError(f"Unknown network {self.network!r} of {self.name}; it is {' or '.join(SIZES)}.")
        for field, usual in zip(("layers", "channels"), SIZES[self.network], strict=True):
            value = getattr(self, field)
            least = 2 if field == "channels" and self.network == "imagenet" else 1
            if value is None:
                object.__setattr__(self, field, usual)
            elif value < least:
                raise CrozeError(f"A network of {self.name} needs at least {least} of {field}, got {value}.")
        if not (math.isfinite(self.drop_path) and 0.0 <= self.drop_path < 1.0):
            raise CrozeError(f"drop_path is a probability of 0 to below 1, got {self.drop_path}.")

    @abstractmethod
    def check(self, architecture: A) -> None:
        """Raise CrozeError when the architecture is none of this space."""

    @abstractmethod
    def make_cell(self, architecture: A) -> MakeCell:
        """What builds the network's cells, one after the other."""

    @abstractmethod
    def cell_source(self, architecture: A) -> tuple[list[ModuleType], str, str]:
        """For `export`: modules that cells need, source of constants, and an expression for `make_cell`."""

    def build(self, architecture: A, /, *, classes: int, seed: int, flavour: str = "standard") -> nn.Module:
        """The network with PyTorch's default initialisation drawn from `seed`; see `network.Network`.

        Raises:
            CrozeError: for an unknown flavour or an architecture of another space.
        """
        if flavour not in self.flavours:
            raise CrozeError(f"Unknown flavour {flavour!r}; {self.name} has {', '.join(self.flavours)}.")
        self.check(architecture)
        with seeded(seed):
            return StagedNetwork(
                self.make_cell(architecture),
                layers=cast(int, self.layers),
                channels=cast(int, self.channels),
                classes=classes,
                imagenet=self.network == "imagenet",
                auxiliary=self.auxiliary,
                drop_path=self.drop_path,
            )

    def export(self, architecture: A, /, *, classes: int) -> str:
        """Python source of the network that needs nothing but torch; its state dict has the same names."""
        self.check(architecture)
        modules, constants, make_cell = self.cell_source(architecture)
        imagenet = self.network == "imagenet"
        build = (
            f"{constants}\n\n\n"
            "def build():\n"
            '    """The network with fresh weights: normalised images (N, 3, H, W) to logits '
            f'(N, {classes})."""\n'
            f"    return Network(\n        {make_cell},\n"
            f"        layers={self.layers},\n        channels={self.channels},\n        classes={classes},\n"
            f"        imagenet={imagenet},\n        auxiliary={self.auxiliary},\n"
            f"        drop_path={self.drop_path},\n    )"
        )
        return standalone(
            [auxiliary_module, network_module, operations_module, *modules],
            build,
            title=f"A network of the space {self.name}, found by croze; needs nothing but torch.",
            size=224 if imagenet else 32,
        )
