"""The thin network on which TE-NAS counts linear regions (Chen et al. 2021): one cell, one channel."""

from __future__ import annotations

from torch import Tensor, nn

from croze.spaces.nasbench201.cell import Cell
from croze.spaces.nasbench201.network import CellBlock


class ThinNetwork(nn.Module):
    """Images `(N, C, H, W)` of any size, of which the first channel is taken, to logits `(N, classes)`."""

    def __init__(self, cell: Cell, *, classes: int) -> None:
        super().__init__()
        self.cell = CellBlock(cell, 1, "benchmark")
        self.head = nn.Sequential(nn.BatchNorm2d(1), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(1, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        x = self.head(self.cell(images[:, :1].clone()))
        logits: Tensor = self.classifier(self.pool(x).flatten(1))
        return logits
