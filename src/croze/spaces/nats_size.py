"""The size search space of NATS-Bench (Dong et al. 2021, section 3.2): 32,768 widths of one fixed network.

Stem, cell, reduction, cell, reduction, cell, then BatchNorm, ReLU, global average pooling and a linear
classifier. The cell is `CELL`; each of its five layers has one of eight widths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from croze.errors import CrozeError
from croze.spaces.graph import CellGraph, chain
from croze.spaces.sequence import OptionSequence, SequenceSpace

LAYERS = 5
OPTIONS = (8, 16, 24, 32, 40, 48, 56, 64)

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
"""The cell of the topology space that all networks share."""


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
class Widths(OptionSequence):
    """The widths of the five layers, written `8:16:32:48:64`."""

    choices = OPTIONS
    length = LAYERS
    between = ":"
    example = "8:16:32:48:64"

    @property
    def number(self) -> int:
        """The number of the architecture in the benchmark, from 0 to 32,767."""
        number = 0
        for width in self.options:
            number = number * len(OPTIONS) + OPTIONS.index(width)
        return number

    @classmethod
    def parse(cls, text: str) -> Widths:
        """The architecture of a text such as `8:16:32:48:64`, or of its number in the benchmark.

        Raises:
            CrozeError: for any other text.
        """
        if not re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
            return super().parse(text)
        number, base = int(text), len(OPTIONS)
        if number >= base**LAYERS:
            raise CrozeError(
                f"NATS-Bench's size space is numbered from 0 to {base**LAYERS - 1:,}; got {number}."
            )
        return cls(tuple(OPTIONS[number // base**k % base] for k in reversed(range(LAYERS))))


@dataclass(frozen=True)
class NATSSize(SequenceSpace[Widths]):
    """The space; no two of its architectures are isomorphic."""

    name = "nats-sss"
    architectures = Widths
    network = SizedNetwork

    def canonical(self, architecture: Widths, /) -> Widths:
        """The architecture itself."""
        return architecture

    def graph(self, architecture: Widths, /) -> tuple[CellGraph, ...]:
        """The layers as a chain."""
        kinds = ("cell", "reduction")
        return chain(f"{kinds[place % 2]}, {width}" for place, width in enumerate(architecture.options))
