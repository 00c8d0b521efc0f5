"""What the spaces have in common whose networks are cells stacked as in DARTS."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar

from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.nn.stages import Stages
from croze.spaces.darts import network as network_module
from croze.spaces.darts import operations as operations_module
from croze.spaces.darts.network import MakeCell, Network
from croze.spaces.export import build_source, standalone
from croze.types import Architecture

A = TypeVar("A", bound=Architecture)

SIZES = {"cifar": (20, 36), "imagenet": (14, 48)}
"""Cells and channels of the networks of Liu et al. (2019) for either kind of images."""


class StagedNetwork(Network):
    """The network, with its stages and blocks declared; exported networks go without."""

    channels_last = True  # scored in this layout: about half again as fast on a CPU

    def block_names(self) -> tuple[str, ...]:
        return (*self._stems, *(f"cells.{i}" for i in range(len(self.cells))))

    def stages(self) -> Stages:
        """The stem, every cell's output, the pooled map; a layer uses as many as cells were entered before
        it and with it, the classifier one more. No BatchNorm is kept.
        """
        of_layer = {}
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d) and not name.startswith("auxiliary_head."):
                inside = name.startswith("cells.")
                of_layer[name] = int(name.split(".")[1]) + 1 if inside else 0
        of_layer["classifier"] = len(self.cells) + 1
        outputs = (self._stems[-1], *(f"cells.{i}" for i in range(len(self.cells))), "pool")
        return Stages(outputs=outputs, of_layer=of_layer)

    @property
    def _stems(self) -> tuple[str, ...]:
        return ("stem0", "stem1") if self.imagenet else ("stem",)


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
            return StagedNetwork(self.make_cell(architecture), **self._size(classes))

    def export(self, architecture: A, /, *, classes: int) -> str:
        """Python source of the network that needs nothing but torch; its state dict has the same names."""
        self.check(architecture)
        modules, constants, make_cell = self.cell_source(architecture)
        build = build_source("Network", {"make_cell": make_cell, **self._size(classes)}, constants)
        return standalone(
            [network_module, operations_module, *modules],
            build,
            title=f"A network of the space {self.name}, found by croze; needs nothing but torch.",
            size=224 if self.network == "imagenet" else 32,
        )

    def _size(self, classes: int) -> dict[str, Any]:
        return {
            "layers": self.layers,
            "channels": self.channels,
            "classes": classes,
            "imagenet": self.network == "imagenet",
            "auxiliary": self.auxiliary,
            "drop_path": self.drop_path,
        }
