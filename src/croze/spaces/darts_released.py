"""What the released code of CRoZe builds in place of DARTS cells: fixed wiring, with nodes that are dead."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from croze.errors import CrozeError
from croze.spaces.darts.cell import live_states
from croze.spaces.darts.genotype import Genotype, Pair
from croze.spaces.darts.genotype_space import CELLS, GenotypeSpace, Move

SOURCES = (0, 1, 0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 4)
"""Meant as all earlier states of four nodes (2 + 3 + 4 + 5), read as the inputs of seven nodes of two."""

OUTPUTS = (2, 3, 4, 5)
"""The states that an output draws from, four times, with replacement."""

_FREE = ("max_pool_3x3", "avg_pool_3x3", "skip_connect")


@dataclass(frozen=True)
class DartsReleased(GenotypeSpace):
    """Genotypes of 14 pairs of fixed sources. Nodes 6 to 8 lead nowhere, but are built and count.

    What is counted is `params`; what a gradient reaches, `live-params`. Dead nodes are never run, so FLOPs
    and activations are those of the living.
    """

    name = "darts-released"
    nodes = 7
    operations = (
        "max_pool_3x3",
        "avg_pool_3x3",
        "skip_connect",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "sep_conv_7x7",
        "dil_conv_3x3",
        "dil_conv_5x5",
        "conv_7x1_1x7",
    )

    def check(self, genotype: Genotype) -> None:
        super().check(genotype)
        for cell, pairs, output in genotype.cells:
            if tuple(source for _, source in pairs) != SOURCES:
                raise CrozeError(
                    f"The pairs of a darts-released cell take the states {', '.join(map(str, SOURCES))}, got "
                    f"{', '.join(str(source) for _, source in pairs)} for the {cell} cell."
                )
            if len(output) != len(OUTPUTS) or not set(output) <= set(OUTPUTS):
                raise CrozeError(
                    f"The output of a darts-released cell is four of the states 2 to 5, got {list(output)} "
                    f"for the {cell} cell."
                )

    def default_output(self, pairs: tuple[Pair, ...]) -> None:
        """There is none: the output is part of what is drawn."""

    def sample(self, rng: random.Random) -> Genotype:
        normal, reduce = (tuple((rng.choice(self.operations), source) for source in SOURCES) for _ in CELLS)
        normal_concat, reduce_concat = (tuple(rng.choices(OUTPUTS, k=4)) for _ in CELLS)
        return Genotype(normal, normal_concat, reduce, reduce_concat)

    def rewirings(self, genotype: Genotype) -> list[Move]:
        """Every other state in one place of an output; the inputs are fixed."""
        return [
            (f"{cell}_concat", place, other)
            for cell in CELLS
            for place, state in enumerate(getattr(genotype, f"{cell}_concat"))
            for other in OUTPUTS
            if other != state
        ]

    def canonical(self, genotype: Genotype) -> Genotype:
        """The genotype that stands for all that compute the same and count the same parameters.

        The output is sorted. Dead operations change places freely (a skip that halves the resolution has
        parameters and keeps to its kind of place), and those without parameters stand for each other. With
        only nodes 2 and 3 in the output, these two may change places.
        """
        normal, reduce = (
            _canonical_cell(pairs, output, reduction=cell == "reduce")
            for cell, pairs, output in genotype.cells
        )
        return Genotype(*normal, *reduce)


def _canonical_cell(
    pairs: Sequence[Pair], output: Collection[int], *, reduction: bool
) -> tuple[tuple[Pair, ...], tuple[int, ...]]:
    operations = tuple(operation for operation, _ in pairs)
    found = _with_sorted_dead(operations, tuple(sorted(output)), reduction)
    if set(output) <= {2, 3}:
        exchanged = (*operations[2:4], *operations[:2], *operations[4:])
        found = min(
            found, _with_sorted_dead(exchanged, tuple(sorted(5 - state for state in output)), reduction)
        )
    return tuple(zip(found[0], SOURCES, strict=True)), found[1]


def _with_sorted_dead(
    operations: tuple[str, ...], output: tuple[int, ...], reduction: bool
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    live = live_states(SOURCES, output)
    result = list(operations)
    dead = [place for place in range(len(SOURCES)) if 2 + place // 2 not in live]
    halving = [place for place in dead if reduction and SOURCES[place] < 2]
    # only there a skip has parameters, so only there it may go
    skips = sum(operations[place] == "skip_connect" for place in halving)
    others = sorted(
        "max_pool_3x3" if operations[place] in _FREE else operations[place]
        for place in dead
        if not (operations[place] == "skip_connect" and place in halving)
    )
    for place in halving[:skips]:
        result[place] = "skip_connect"
    remaining = [place for place in dead if place not in halving[:skips]]
    for place, operation in zip(remaining, others, strict=True):
        result[place] = operation
    return tuple(result), output
