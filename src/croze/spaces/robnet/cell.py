"""A RobNet cell as a network (Guo et al. 2020, section 3.1). Needs nothing but torch.

BatchNorm has no weights anywhere in a cell. Modules have the names of the RobNet repository.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from croze.spaces.darts.network import MakeCell
from croze.spaces.darts.operations import FactorizedReduce, ReLUConvBN, SepConv


def skip(channels: int, stride: int) -> nn.Module:
    """The state itself, or a factorised reduction of it."""
    return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine=False)


class ResSepConv(nn.Module):
    """Separable convolution 3x3 and skip, added."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv = SepConv(channels, 3, stride, affine=False)
        self.res = skip(channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C, H/stride, W/stride)`."""
        result: Tensor = self.conv(x) + self.res(x)
        return result


class Edge(nn.Module):
    """The operation that a code stands for."""

    def __init__(self, code: str, channels: int, stride: int) -> None:
        super().__init__()
        if code == "01":
            self.op: nn.Module = SepConv(channels, 3, stride, affine=False)
        else:
            self.op = skip(channels, stride) if code == "10" else ResSepConv(channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C, H/stride, W/stride)`."""
        result: Tensor = self.op(x)
        return result


class RobNetCell(nn.Module):
    """Every node is the sum over edges from all states before it, zero without any; the output is all nodes.

    Args:
        codes: one an edge: for each node the edges from state 0, 1 and the nodes before it.
        before, previous, channels: channels of the two inputs, and of every state.
        reduction: whether edges from the inputs halve the resolution.
        reduction_before: whether the cell before did.
    """

    def __init__(
        self,
        codes: Sequence[str],
        before: int,
        previous: int,
        channels: int,
        reduction: bool,
        reduction_before: bool,
    ) -> None:
        super().__init__()
        shrink = FactorizedReduce if reduction_before else ReLUConvBN
        self.preprocess0 = shrink(before, channels, affine=False)
        self.preprocess1 = ReLUConvBN(previous, channels, affine=False)
        self.nodes = 4
        self.stride = 2 if reduction else 1
        self.out_channels = self.nodes * channels
        self._ops = nn.ModuleDict()
        edge = 0
        for node in range(2, 2 + self.nodes):
            for source in range(node):
                if codes[edge] != "00":
                    self._ops[str(edge)] = Edge(codes[edge], channels, self.stride if source < 2 else 1)
                edge += 1

    def forward(self, s0: Tensor, s1: Tensor, drop_path: float = 0.0) -> Tensor:
        """Outputs of the two cells before to that of this one, `(N, 4C, H, W)`; there is no drop-path."""
        states = [self.preprocess0(s0), self.preprocess1(s1)]
        edge = 0
        for node in range(2, 2 + self.nodes):
            total: Tensor | None = None
            for source in range(node):
                if str(edge) in self._ops:
                    term = self._ops[str(edge)](states[source])
                    total = term if total is None else total + term
                edge += 1
            states.append(states[1][:, :, :: self.stride, :: self.stride] * 0.0 if total is None else total)
        return torch.cat(states[2:], dim=1)


def robnet_cells(cells: Sequence[Sequence[str]]) -> MakeCell:
    """What makes the cells of a network, from one cell for all layers or from one a layer, in turn."""
    made = iter(range(len(cells)))

    def make(before: int, previous: int, channels: int, reduction: bool, reduction_before: bool) -> nn.Module:
        codes = cells[0] if len(cells) == 1 else cells[next(made)]
        return RobNetCell(codes, before, previous, channels, reduction, reduction_before)

    return make
