"""The network of NAS-Bench-201 (Dong & Yang 2020, section 2.2 and figure 1). Needs torch alone.

Parameters are registered, and layers run, in the order stem, stage 1, reduction, stage 2, reduction, stage 3,
last BatchNorm, classifier; inside a cell in the order of `EDGES`; inside a reduction the shortcut first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from croze.spaces.nasbench201.cell import EDGES, NODES


class ReLUConvBN(nn.Sequential):
    """ReLU, convolution with same padding, BatchNorm."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        *,
        bias: bool = False,
        affine: bool = True,
    ) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias),
            nn.BatchNorm2d(outputs, affine=affine),
        )


class Zero(nn.Module):
    """The `none` operation of the released flavour: zeros that keep a path for the gradient."""

    def forward(self, x: Tensor) -> Tensor:
        """Shape in, same shape out."""
        return x * 0.0


def operation(name: str, channels: int, released: bool) -> nn.Module | None:
    """The module of an edge; None for one that connects nothing."""
    if name == "none":
        return Zero() if released else None
    if name == "skip_connect":
        return nn.Identity()
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    kernel = 3 if name == "nor_conv_3x3" else 1
    return ReLUConvBN(channels, channels, kernel, bias=released, affine=not released)


class CellBlock(nn.Module):
    """One cell: node k is the sum over its incoming edges; a node without any is zero.

    In the released code of CRoZe convolutions have a bias, BatchNorm has no weights, and a `none` edge
    multiplies its input by zero, so that branches that lead nowhere still get a gradient of zeros.
    """

    def __init__(self, operations: Sequence[str], channels: int, released: bool = False) -> None:
        super().__init__()
        self.edges = nn.ModuleDict()
        for (target, source), name in zip(EDGES, operations, strict=True):
            module = operation(name, channels, released)
            if module is not None:
                self.edges[f"{source}to{target}"] = module

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` in and out."""
        nodes = [x]
        for target in range(1, NODES):
            total: Tensor | None = None
            for source in range(target):
                edge = f"{source}to{target}"
                if edge in self.edges:
                    term = self.edges[edge](nodes[source])
                    total = term if total is None else total + term
            nodes.append(torch.zeros_like(x) if total is None else total)
        return nodes[-1]


class Reduction(nn.Module):
    """The residual block of stride 2 between two stages."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(inputs, outputs, 1, bias=False))
        self.conv_a = ReLUConvBN(inputs, outputs, 3, stride=2)
        self.conv_b = ReLUConvBN(outputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, 2C, H/2, W/2)`; odd sizes do not fit, as in the benchmark."""
        shortcut: Tensor = self.shortcut(x)
        return shortcut + cast(Tensor, self.conv_b(self.conv_a(x)))


class Network(nn.Module):
    """Images `(N, 3, H, W)`, H and W divisible by 4, to logits `(N, classes)`.

    Stem, three stages of cells at C, 2C and 4C channels with a residual reduction between them, BatchNorm,
    ReLU, global average pooling, a linear classifier.

    Args:
        make_cell: builds a cell of so many channels.
        classes: of the images.
        channels: of the first stage.
        cells: cells per stage.
        affine: whether BatchNorm outside the cells and the reductions has weights.
    """

    def __init__(
        self,
        make_cell: Callable[[int], nn.Module],
        *,
        classes: int,
        channels: int = 16,
        cells: int = 5,
        affine: bool = True,
    ) -> None:
        super().__init__()
        self.cells_per_stage = cells
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels, affine=affine)
        )
        self.stage1 = nn.Sequential(*(make_cell(channels) for _ in range(cells)))
        self.reduction1 = Reduction(channels, 2 * channels)
        self.stage2 = nn.Sequential(*(make_cell(2 * channels) for _ in range(cells)))
        self.reduction2 = Reduction(2 * channels, 4 * channels)
        self.stage3 = nn.Sequential(*(make_cell(4 * channels) for _ in range(cells)))
        self.head = nn.Sequential(nn.BatchNorm2d(4 * channels, affine=affine), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(4 * channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        x = self.stage1(self.stem(images))
        x = self.stage2(self.reduction1(x))
        x = self.stage3(self.reduction2(x))
        logits: Tensor = self.classifier(self.pool(self.head(x)).flatten(1))
        return logits


class ThinNetwork(nn.Module):
    """The network on which TE-NAS counts linear regions (Chen et al. 2021): one cell, one channel.

    Images `(N, C, H, W)` of any size, of which the first channel is taken, to logits `(N, classes)`.
    """

    def __init__(self, operations: Sequence[str], *, classes: int) -> None:
        super().__init__()
        self.cell = CellBlock(operations, 1)
        self.head = nn.Sequential(nn.BatchNorm2d(1), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(1, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        x = self.head(self.cell(images[:, :1].clone()))
        logits: Tensor = self.classifier(self.pool(x).flatten(1))
        return logits
