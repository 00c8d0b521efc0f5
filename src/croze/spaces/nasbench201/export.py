"""A NAS-Bench-201 network as one Python file that needs nothing but torch."""

from __future__ import annotations

from croze.spaces.nasbench201.cell import EDGES, NODES, Cell

_FILE = '''\
"""NAS-Bench-201 network of the cell

    {cell}

Found by croze; needs nothing but torch. `build()` gives the network with fresh weights: images
(N, 3, H, W), normalised, H and W divisible by 4, to logits (N, {classes}).
"""

import torch
from torch import nn


def conv(inputs, outputs, kernel, stride=1):
    """ReLU, convolution with same padding, BatchNorm."""
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Cell(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.edges = nn.ModuleDict({{{edges}}})

    def forward(self, x0):
        edge = self.edges
{nodes}
        return x3


class Reduction(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(inputs, outputs, 1, bias=False))
        self.conv_a = conv(inputs, outputs, 3, stride=2)
        self.conv_b = conv(outputs, outputs, 3)

    def forward(self, x):
        return self.shortcut(x) + self.conv_b(self.conv_a(x))


class Network(nn.Module):
    def __init__(self, classes={classes}, channels={channels}, cells={cells}):
        super().__init__()
        widths = channels, 2 * channels, 4 * channels
        self.stem = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
        self.stage1 = nn.Sequential(*(Cell(widths[0]) for _ in range(cells)))
        self.reduction1 = Reduction(widths[0], widths[1])
        self.stage2 = nn.Sequential(*(Cell(widths[1]) for _ in range(cells)))
        self.reduction2 = Reduction(widths[1], widths[2])
        self.stage3 = nn.Sequential(*(Cell(widths[2]) for _ in range(cells)))
        self.head = nn.Sequential(nn.BatchNorm2d(widths[2]), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(widths[2], classes)

    def forward(self, images):
        x = self.stage1(self.stem(images))
        x = self.stage2(self.reduction1(x))
        x = self.stage3(self.reduction2(x))
        return self.classifier(self.pool(self.head(x)).flatten(1))


def build():
    return Network()


if __name__ == "__main__":
    network = build()
    print(sum(p.numel() for p in network.parameters()), "parameters")
    print("logits", tuple(network(torch.zeros(2, 3, 32, 32)).shape))
'''

_MODULES = {
    "skip_connect": "nn.Identity()",
    "nor_conv_1x1": "conv(channels, channels, 1)",
    "nor_conv_3x3": "conv(channels, channels, 3)",
    "avg_pool_3x3": "nn.AvgPool2d(3, 1, 1, count_include_pad=False)",
}


def source_of(cell: Cell, *, classes: int, channels: int, cells: int) -> str:
    """The file's text; its state dict has the names of `Network`'s, so that weights carry over."""
    present = [(edge, name) for edge, name in zip(EDGES, cell.operations, strict=True) if name != "none"]
    edges = "".join(
        f'\n            "{source}to{target}": {_MODULES[name]},' for (target, source), name in present
    )
    nodes = []
    for target in range(1, NODES):
        terms = [f'edge["{s}to{t}"](x{s})' for (t, s), _ in present if t == target]
        nodes.append(f"        x{target} = {' + '.join(terms) or 'torch.zeros_like(x0)'}")
    return _FILE.format(
        cell=cell,
        edges=f"{edges}\n        " if edges else "",
        nodes="\n".join(nodes),
        classes=classes,
        channels=channels,
        cells=cells,
    )
