"""The operations on the edges of DARTS cells (Liu et al. 2019, section 3.1) and of their relatives.

Modules and their names are those of the field, so that the weights of published networks load as they are.
Nothing but torch is needed here: `export` copies this text.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Layers(nn.Module):
    """Layers one after the other, under the name `op`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.op = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, outputs, H/stride, W/stride)`."""
        result: Tensor = self.op(x)
        return result


class ReLUConvBN(Layers):
    """ReLU, 1x1 convolution, BatchNorm: what brings the inputs of a cell to its width."""

    def __init__(self, inputs: int, outputs: int, affine: bool = True) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs, affine=affine),
        )


class FactorizedReduce(nn.Module):
    """Half the resolution by two 1x1 convolutions of stride 2, the second one pixel off: none is lost."""

    def __init__(self, inputs: int, outputs: int, affine: bool = True) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv_1 = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.conv_2 = nn.Conv2d(inputs, outputs - outputs // 2, 1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` to `(N, outputs, H/2, W/2)`; H and W even."""
        x = self.relu(x)
        result: Tensor = self.bn(torch.cat((self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])), dim=1))
        return result


class DilConv(Layers):
    """ReLU, depthwise convolution of dilation 2, 1x1 convolution, BatchNorm."""

    def __init__(self, channels: int, kernel: int, stride: int, affine: bool = True) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(
                channels, channels, kernel, stride, kernel - 1, dilation=2, groups=channels, bias=False
            ),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels, affine=affine),
        )


class SepConv(Layers):
    """ReLU, depthwise convolution, 1x1 convolution, BatchNorm, and all of it once more at stride 1."""

    def __init__(self, channels: int, kernel: int, stride: int, affine: bool = True) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels, affine=affine),
            nn.ReLU(),
            nn.Conv2d(channels, channels, kernel, 1, kernel // 2, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels, affine=affine),
        )


def factorized_conv(channels: int, stride: int, affine: bool = True) -> nn.Sequential:
    """A 7x7 convolution in two steps, 1x7 and 7x1 (NASNet's)."""
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(channels, channels, (1, 7), (1, stride), (0, 3), bias=False),
        nn.Conv2d(channels, channels, (7, 1), (stride, 1), (3, 0), bias=False),
        nn.BatchNorm2d(channels, affine=affine),
    )


def operation(name: str, channels: int, stride: int, affine: bool = True) -> nn.Module:
    """The module of this name, `(N, C, H, W)` to `(N, C, H/stride, W/stride)`; a KeyError for any other."""
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine)
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, padding=1)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
    if name == "conv_7x1_1x7":
        return factorized_conv(channels, stride, affine)
    kind, kernel = {
        "sep_conv_3x3": (SepConv, 3),
        "sep_conv_5x5": (SepConv, 5),
        "sep_conv_7x7": (SepConv, 7),
        "dil_conv_3x3": (DilConv, 3),
        "dil_conv_5x5": (DilConv, 5),
    }[name]
    return kind(channels, kernel, stride, affine)
