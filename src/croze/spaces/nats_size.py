"""The size search space of NATS-Bench (Dong et al. 2021, section 3.2): 32,768 widths of one fixed network.

Stem, cell, reduction, cell, reduction, cell, then BatchNorm, ReLU, global average pooling and a linear
classifier. The cell is `CELL`; each of its five layers has one of eight widths.
"""

from __future__ import annotations

import random
import re
import sys
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.spaces.export import standalone
from croze.spaces.graph import CellGraph, Edge

LAYERS = 5
OPTIONS = (8, 16, 24, 32, 40, 48, 56, 64)

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
"""The cell of the topology space that all networks share."""

EXAMPLE = "8:16:32:48:64"


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """ReLU, 3x3 convolution, BatchNorm."""
    return nn.Sequential(
        nn.ReLU(), nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
    )


class SizedCell(nn.Module):
    """The shared cell, from one width to another."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.to1 = conv(inputs, outputs)
        self.to2 = nn.ModuleList([conv(inputs, outputs), conv(outputs, outputs)])
        project = (nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.skip = nn.Sequential(*project) if inputs != outputs else nn.Identity()
        self.to3 = nn.ModuleList([conv(outputs, outputs), conv(outputs, outputs)])

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H, W)`."""
        first = self.to1(x)
        second = self.to2[0](x) + self.to2[1](first)
        out: Tensor = self.skip(x) + self.to3[0](first) + self.to3[1](second)
        return out


class SizedReduction(nn.Module):
    """The residual block of stride 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(inputs, outputs, 1, bias=False))
        self.body = nn.Sequential(conv(inputs, outputs, 2), conv(outputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H/2, W/2)`."""
        out: Tensor = self.shortcut(x) + self.body(x)
        return out


class SizedNetwork(nn.Module):
    """Images `(N, 3, H, W)`, H and W divisible by 4, to logits `(N, classes)`."""

    channels_last = True

    def __init__(self, widths: tuple[int, ...], classes: int) -> None:
        super().__init__()
        first, last = widths[0], widths[-1]
        self.stem = nn.Sequential(nn.Conv2d(3, first, 3, padding=1, bias=False), nn.BatchNorm2d(first))
        pairs = list(zip((first, *widths), widths, strict=False))
        self.layers = nn.Sequential(
            *((SizedReduction if place % 2 else SizedCell)(*pair) for place, pair in enumerate(pairs))
        )
        self.head = nn.Sequential(nn.BatchNorm2d(last), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(last, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        logits: Tensor = self.classifier(
            torch.flatten(self.pool(self.head(self.layers(self.stem(images)))), 1)
        )
        return logits


@dataclass(frozen=True, order=True)
class Widths:
    """The widths of the five layers, written `8:16:32:48:64`.

    Raises:
        CrozeError: when there are not five of `OPTIONS`.
    """

    channels: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.channels) != LAYERS or not set(self.channels) <= set(OPTIONS):
            raise CrozeError(
                f"{self} is no architecture of NATS-Bench's size space: it has {LAYERS} widths out of "
                f"{', '.join(map(str, OPTIONS))}; one looks like {EXAMPLE!r}."
            )

    def __str__(self) -> str:
        return ":".join(map(str, self.channels))

    @property
    def number(self) -> int:
        """The number of the architecture in the benchmark, from 0 to 32,767."""
        number = 0
        for width in self.channels:
            number = number * len(OPTIONS) + OPTIONS.index(width)
        return number

    @classmethod
    def of_number(cls, number: int) -> Widths:
        """The architecture of this number.

        Raises:
            CrozeError: beyond 0 to 32,767.
        """
        if not 0 <= number < len(OPTIONS) ** LAYERS:
            raise CrozeError(
                f"NATS-Bench's size space is numbered from 0 to {len(OPTIONS) ** LAYERS - 1:,}; got {number}."
            )
        return cls(
            tuple(OPTIONS[number // len(OPTIONS) ** k % len(OPTIONS)] for k in reversed(range(LAYERS)))
        )


@dataclass(frozen=True)
class NATSSize:
    """The space; no two of its architectures are isomorphic."""

    name = "nats-sss"
    flavours = ("benchmark",)

    def parse(self, text: str) -> Widths:
        """The architecture of a text such as `8:16:32:48:64`, or of its number in the benchmark.

        Raises:
            CrozeError: for any other text.
        """
        text = text.strip()
        if re.fullmatch(r"[0-9]{1,9}", text):
            return Widths.of_number(int(text))
        if not re.fullmatch(r"[0-9]{1,3}(:[0-9]{1,3})*", text):
            raise CrozeError(
                f"{text!r} is no architecture of NATS-Bench's size space; one looks like {EXAMPLE!r}."
            )
        return Widths(tuple(map(int, text.split(":"))))

    def sample(self, rng: random.Random) -> Widths:
        """Five widths, drawn uniformly."""
        return Widths(tuple(rng.choices(OPTIONS, k=LAYERS)))

    def mutate(self, widths: Widths, rng: random.Random, /) -> Widths:
        """Another width of one layer, both drawn uniformly."""
        return rng.choice(self.neighbours(widths))

    def neighbours(self, widths: Widths, /) -> list[Widths]:
        """The 35 architectures that differ in one width."""
        return [
            Widths((*widths.channels[:layer], width, *widths.channels[layer + 1 :]))
            for layer, present in enumerate(widths.channels)
            for width in OPTIONS
            if width != present
        ]

    def canonical(self, widths: Widths, /) -> Widths:
        """The architecture itself."""
        return widths

    def graph(self, widths: Widths, /) -> tuple[CellGraph, ...]:
        """The layers as a chain."""
        kinds = ("cell", "reduction")
        edges = tuple(
            Edge(place, place + 1, f"{kinds[place % 2]}-{width}", f"{kinds[place % 2]}, {width}")
            for place, width in enumerate(widths.channels)
        )
        return (CellGraph("The layers", ("stem", *map(str, range(1, LAYERS)), "head"), edges),)

    def build(self, widths: Widths, /, *, classes: int, seed: int, flavour: str = "benchmark") -> nn.Module:
        """The network, with PyTorch's default initialisation drawn from `seed`.

        Raises:
            CrozeError: for an unknown flavour.
        """
        if flavour not in self.flavours:
            raise CrozeError(f"Unknown flavour {flavour!r}; {self.name} has {', '.join(self.flavours)}.")
        with seeded(seed):
            return SizedNetwork(widths.channels, classes)

    def export(self, widths: Widths, /, *, classes: int) -> str:
        """Python source of the network that needs nothing but torch."""
        build = f"def build():\n    return SizedNetwork({widths.channels}, classes={classes})"
        title = (
            f"NATS-Bench network of the widths\n\n    {widths}\n\nFound by croze; needs nothing but torch."
        )
        return standalone([sys.modules[__name__]], build, title=title)
