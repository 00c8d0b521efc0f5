"""A cell of two inputs to a node as a network (Liu et al. 2019, section 2.1). Needs nothing but torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from croze.spaces.darts.network import MakeCell
from croze.spaces.darts.operations import FactorizedReduce, ReLUConvBN, operation


class Cell(nn.Module):
    """States 0 and 1 are the outputs of the two cells before, every later one the sum of two operations.

    The output is the concatenation of some states. What leads to none of them is built, for it counts as
    parameters, but never run.

    Args:
        pairs: (operation, source state), two a node.
        concat: the states of the output; one may stand there twice.
        before, previous, channels: channels of the two inputs, and of every state.
        reduction: whether operations on the inputs halve the resolution.
        reduction_before: whether the cell before did, so that input 0 has twice the resolution of input 1.
        affine: whether BatchNorm inside the operations has weights.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[str, int]],
        concat: Sequence[int],
        before: int,
        previous: int,
        channels: int,
        reduction: bool,
        reduction_before: bool,
        affine: bool = True,
    ) -> None:
        super().__init__()
        shrink = FactorizedReduce if reduction_before else ReLUConvBN
        self.preprocess0 = shrink(before, channels)
        self.preprocess1 = ReLUConvBN(previous, channels)
        self._ops = nn.ModuleList(
            operation(name, channels, 2 if reduction and source < 2 else 1, affine) for name, source in pairs
        )
        self.sources = tuple(source for _, source in pairs)
        self.concat = tuple(concat)
        self.live = live_states(self.sources, concat)
        self.out_channels = len(self.concat) * channels

    def forward(self, s0: Tensor, s1: Tensor, drop_path: float = 0.0) -> Tensor:
        """Outputs of the two cells before to that of this one, `(N, states * C, H, W)`.

        In training, an operation is left out of an image's pass with probability `drop_path`.
        """
        states = {0: self.preprocess0(s0), 1: self.preprocess1(s1)}
        drop_path = drop_path if self.training else 0.0
        for state in self.live:
            terms = []
            for edge in (2 * state - 4, 2 * state - 3):
                module = self._ops[edge]
                term = module(states[self.sources[edge]])
                if drop_path > 0.0 and not isinstance(module, nn.Identity):
                    term = dropped(term, drop_path)
                terms.append(term)
            states[state] = terms[0] + terms[1]
        return torch.cat([states[state] for state in self.concat], dim=1)


def live_states(sources: Sequence[int], concat: Sequence[int]) -> tuple[int, ...]:
    """The states, inputs left out, that lead to one of `concat`, in the order of computation."""
    live: set[int] = set()
    waiting = list(concat)
    while waiting:
        state = waiting.pop()
        if state >= 2 and state not in live:
            live.add(state)
            waiting += sources[2 * state - 4 : 2 * state - 2]
    return tuple(sorted(live))


def dropped(x: Tensor, probability: float) -> Tensor:
    """`x` with each image zero with this probability, the others scaled up to keep the mean."""
    keep = 1.0 - probability
    mask = torch.empty(len(x), 1, 1, 1, dtype=x.dtype, device=x.device).bernoulli_(keep)
    return x * (mask / keep)


def cells_of(
    normal: Sequence[tuple[str, int]],
    normal_concat: Sequence[int],
    reduce: Sequence[tuple[str, int]],
    reduce_concat: Sequence[int],
    affine: bool = True,
) -> MakeCell:
    """What makes the cells of a network from one normal cell and one reduction cell."""

    def make(before: int, previous: int, channels: int, reduction: bool, reduction_before: bool) -> nn.Module:
        pairs, concat = (reduce, reduce_concat) if reduction else (normal, normal_concat)
        return Cell(pairs, concat, before, previous, channels, reduction, reduction_before, affine)

    return make
