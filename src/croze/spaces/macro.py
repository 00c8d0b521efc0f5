"""The space of NAS-Bench-Macro (Su et al. 2021, section 4.1): eight MobileNetV2 blocks, 6,561 networks.

A 3x3 stem of 32 channels at stride 1, stages of 2, 3 and 3 blocks, a 1x1 head of 1,280 channels. The first
block of a stage doubles the channels and halves the resolution. An identity there is a 1x1 projection.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from croze.spaces.graph import CellGraph, chain
from croze.spaces.sequence import OptionSequence, SequenceSpace

STAGES = (2, 3, 3)
CHANNELS = 32
HEAD = 1280
SHAPES = {1: (3, 3), 2: (5, 6)}
"""Kernel and expansion of the inverted residuals by option; 0 is the identity."""

LABELS = ("identity", "3×3, expansion 3", "5×5, expansion 6")


def norm_after(layer: nn.Conv2d, *, rectified: bool = True) -> list[nn.Module]:
    """A convolution, BatchNorm, and ReLU unless it is linear."""
    rectifier: list[nn.Module] = [nn.ReLU(inplace=True)] if rectified else []
    return [layer, nn.BatchNorm2d(layer.out_channels), *rectifier]


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; a skip where shapes allow (Sandler et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, stride: int, kernel: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        depthwise = nn.Conv2d(width, width, kernel, stride, kernel // 2, groups=width, bias=False)
        self.layers = nn.Sequential(
            *norm_after(nn.Conv2d(inputs, width, 1, bias=False)),
            *norm_after(depthwise),
            *norm_after(nn.Conv2d(width, outputs, 1, bias=False), rectified=False),
        )
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H / stride, W / stride)`."""
        found: Tensor = self.layers(x)
        return found + x if self.skip else found


def block(option: int, inputs: int, outputs: int, stride: int) -> nn.Module:
    """The block of an option."""
    if option:
        return InvertedResidual(inputs, outputs, stride, *SHAPES[option])
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
    return nn.Sequential(*norm_after(projection, rectified=False))


class MacroNetwork(nn.Module):
    """Images `(N, 3, H, W)`, H and W at least 8, to logits `(N, classes)`."""

    channels_last = True

    def __init__(self, options: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(*norm_after(nn.Conv2d(3, CHANNELS, 3, padding=1, bias=False)))
        width, blocks, left = CHANNELS, [], list(options)
        for count in STAGES:
            blocks.append(block(left.pop(0), width, 2 * width, 2))
            width *= 2
            blocks += [block(left.pop(0), width, width, 1) for _ in range(count - 1)]
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(*norm_after(nn.Conv2d(width, HEAD, 1, bias=False)), nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(HEAD, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        logits: Tensor = self.classifier(torch.flatten(self.head(self.blocks(self.stem(images))), 1))
        return logits


@dataclass(frozen=True, order=True)
class Blocks(OptionSequence):
    """The options of the eight blocks, written `01120212`."""

    choices = (0, 1, 2)
    length = sum(STAGES)
    between = ""
    example = "01120212"


@dataclass(frozen=True)
class Macro(SequenceSpace[Blocks]):
    """The space: 6,561 architectures, 3,969 of them distinct."""

    name = "macro"
    architectures = Blocks
    network = MacroNetwork

    def canonical(self, architecture: Blocks, /) -> Blocks:
        """The identities of a stage moved to the front, behind its first block."""
        left, found = list(architecture.options), []
        for count in STAGES:
            first, *others = left[:count]
            found += [first, *(o for o in others if not o), *(o for o in others if o)]
            del left[:count]
        return Blocks(tuple(found))

    def graph(self, architecture: Blocks, /) -> tuple[CellGraph, ...]:
        """The blocks as a chain."""
        return chain(LABELS[option] for option in architecture.options)
