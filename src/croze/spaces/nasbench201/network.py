"""The network of NAS-Bench-201 (Dong & Yang 2020, section 2.2 and figure 1), in two flavours.

Stem (3x3 convolution, BatchNorm), three stages of cells at C, 2C and 4C channels with a residual
reduction block between them, then BatchNorm, ReLU, global average pooling and a linear classifier.

`benchmark` is the network that the published accuracies were trained with. `released` is what the released
code of CRoZe builds: convolutions inside cells carry a bias, BatchNorm outside the reductions has no affine
part, and a `none` edge multiplies its input by zero, so branches that lead nowhere still get a gradient of
zeros.

Parameters are registered, and layers run, in the order stem, stage 1, reduction, stage 2, reduction, stage 3,
last BatchNorm, classifier; inside a cell in the order of `EDGES`; inside a reduction the shortcut first.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, cast

import torch
from torch import Tensor, nn

from croze.nn.repeated import repeating
from croze.nn.stages import Stages
from croze.spaces.nasbench201.cell import EDGES, NODES, Cell

Flavour = Literal["benchmark", "released"]


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


def _operation(name: str, channels: int, flavour: Flavour) -> nn.Module | None:
    if name == "none":
        return Zero() if flavour == "released" else None
    if name == "skip_connect":
        return nn.Identity()
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    released = flavour == "released"
    kernel = 3 if name == "nor_conv_3x3" else 1
    return ReLUConvBN(channels, channels, kernel, bias=released, affine=not released)


class CellBlock(nn.Module):
    """One cell: node k is the sum over its incoming edges; a node without any is zero."""

    def __init__(self, cell: Cell, channels: int, flavour: Flavour) -> None:
        super().__init__()
        self.edges = nn.ModuleDict()
        for (target, source), name in zip(EDGES, cell.operations, strict=True):
            operation = _operation(name, channels, flavour)
            if operation is not None:
                self.edges[f"{source}to{target}"] = operation

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
    """Images `(N, 3, H, W)`, H and W divisible by 4, to logits `(N, classes)`."""

    channels_last = True  # scored in this layout: about twice as fast on a CPU

    def __init__(
        self, cell: Cell, *, classes: int, channels: int = 16, cells: int = 5, flavour: Flavour = "benchmark"
    ) -> None:
        super().__init__()
        affine = flavour == "benchmark"
        self.cells_per_stage = cells
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels, affine=affine)
        )

        block = repeating(partial(CellBlock, cell, flavour=flavour))

        def stage(width: int) -> nn.Sequential:
            return nn.Sequential(*(block(channels=width) for _ in range(cells)))

        self.stage1 = stage(channels)
        self.reduction1 = Reduction(channels, 2 * channels)
        self.stage2 = stage(2 * channels)
        self.reduction2 = Reduction(2 * channels, 4 * channels)
        self.stage3 = stage(4 * channels)
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

    def block_names(self) -> tuple[str, ...]:
        """Stem, cells and reductions, in the order in which they run."""
        names = ["stem"]
        for stage in ("stage1", "reduction1", "stage2", "reduction2", "stage3"):
            cells = stage.startswith("stage")
            names += [f"{stage}.{i}" for i in range(self.cells_per_stage)] if cells else [stage]
        return tuple(names)

    def stages(self) -> Stages:
        """Stem, both reductions, the last ReLU and the pooled vector; a layer met after c cells uses
        c // (cells a stage), the classifier one more.
        """
        entered = 0
        of_layer: dict[str, int] = {}
        for name, module in self.named_modules():
            if isinstance(module, CellBlock):
                entered += 1
            elif isinstance(module, nn.Conv2d):
                of_layer[name] = entered // self.cells_per_stage
        of_layer["classifier"] = entered // self.cells_per_stage + 1
        return Stages(
            outputs=("stem", "reduction1", "reduction2", "head", "pool"),
            of_layer=of_layer,
            keeps_batchnorm=("reduction1", "reduction2"),
        )
