"""The networks that DARTS cells are stacked to (Liu et al. 2019, sections 3.3 and 3.4). Needs torch alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn


class AuxiliaryHead(nn.Module):
    """A map of 8x8 (CIFAR) or 7x7 (ImageNet) to logits; in training their loss is added with a weight.

    The ImageNet head has no BatchNorm after its second convolution, as in the DARTS repository.
    """

    def __init__(self, channels: int, classes: int, imagenet: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.ReLU(),
            nn.AvgPool2d(5, stride=2 if imagenet else 3, count_include_pad=False),
            nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 768, 2, bias=False),
            *([] if imagenet else [nn.BatchNorm2d(768)]),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(768, classes)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to logits `(N, classes)`; other sizes than the above raise a ValueError."""
        x = self.features(x)
        if x.shape[2:] != (1, 1):
            raise ValueError(
                "the auxiliary head takes images of the network's size, 32x32 (CIFAR) or 224x224 (ImageNet)"
            )
        logits: Tensor = self.classifier(x.flatten(1))
        return logits


MakeCell = Callable[[int, int, int, bool, bool], nn.Module]
"""Makes a cell for: channels two cells before, channels one cell before, its own channels, whether it is a
reduction, whether the cell before was one. The cell has `out_channels`, and `forward(s0, s1, drop_path)`.
"""


def cifar_stem(channels: int) -> nn.Sequential:
    """3x3 convolution to three times the width, BatchNorm."""
    return nn.Sequential(nn.Conv2d(3, 3 * channels, 3, padding=1, bias=False), nn.BatchNorm2d(3 * channels))


def imagenet_stems(channels: int) -> tuple[nn.Sequential, nn.Sequential]:
    """To a quarter of the resolution, and on to an eighth."""
    half = channels // 2
    return (
        nn.Sequential(
            nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            nn.Conv2d(half, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        ),
        nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        ),
    )


class Network(nn.Module):
    """Images `(N, 3, H, W)` to logits `(N, classes)`; cells one and two thirds down halve the resolution.

    Parameters are registered, and layers run, in the order stem, cells, classifier; inside a cell the two
    preprocessing blocks, then the operations in the order of the genotype.

    Args:
        make_cell: builds one cell.
        layers: number of cells.
        channels: width of the first cell; each reduction doubles it.
        imagenet: stems that reduce to an eighth of the resolution, instead of one that keeps it.
        auxiliary: whether there is a second classifier after the second reduction, for training.
        drop_path: probability with which, in training, an operation is left out; may be set at any time.
    """

    def __init__(
        self,
        make_cell: MakeCell,
        *,
        layers: int,
        channels: int,
        classes: int,
        imagenet: bool = False,
        auxiliary: bool = False,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.drop_path = drop_path
        self.imagenet = imagenet
        if imagenet:
            self.stem0, self.stem1 = imagenet_stems(channels)
            before = previous = channels
        else:
            self.stem = cifar_stem(channels)
            before = previous = 3 * channels
        self.cells = nn.ModuleList()
        self.auxiliary_after = 2 * layers // 3
        self.auxiliary_head: AuxiliaryHead | None = None
        reduction_before = imagenet
        for index in range(layers):
            reduction = index in (layers // 3, 2 * layers // 3)
            if reduction:
                channels *= 2
            cell = make_cell(before, previous, channels, reduction, reduction_before)
            self.cells.append(cell)
            before, previous, reduction_before = previous, cast(int, cell.out_channels), reduction
            if auxiliary and index == self.auxiliary_after:
                self.auxiliary_head = AuxiliaryHead(previous, classes, imagenet)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(previous, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        return self._run(images, auxiliary=False)[0]

    def with_auxiliary(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The logits and the auxiliary logits; a ValueError for a network built without the head."""
        if self.auxiliary_head is None:
            raise ValueError("this network was built without an auxiliary head")
        logits, from_auxiliary = self._run(images, auxiliary=True)
        return logits, cast(Tensor, from_auxiliary)

    def _run(self, images: Tensor, *, auxiliary: bool) -> tuple[Tensor, Tensor | None]:
        if self.imagenet:
            s0 = self.stem0(images)
            s1 = self.stem1(s0)
        else:
            s0 = s1 = self.stem(images)
        from_auxiliary = None
        for index, cell in enumerate(self.cells):
            s0, s1 = s1, cell(s0, s1, self.drop_path)
            if auxiliary and index == self.auxiliary_after and self.auxiliary_head is not None:
                from_auxiliary = self.auxiliary_head(s1)
        return self.classifier(self.pool(s1).flatten(1)), from_auxiliary
