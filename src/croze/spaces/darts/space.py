"""The DARTS search space (Liu et al. 2019): 4 nodes a cell, each of 2 inputs and 7 operations."""

from __future__ import annotations

import random
from dataclasses import dataclass

from croze.errors import CrozeError
from croze.spaces.darts.genotype import Genotype, Pair
from croze.spaces.darts.genotype_space import CELLS, GenotypeSpace, Move

OUTPUT = (2, 3, 4, 5)


@dataclass(frozen=True)
class Darts(GenotypeSpace):
    """Genotypes whose nodes take two different states each and whose output is all four nodes."""

    name = "darts"
    nodes = 4
    # in the order in which the tables of NAS-Bench-301 number them
    operations = (
        "max_pool_3x3",
        "avg_pool_3x3",
        "skip_connect",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "dil_conv_3x3",
        "dil_conv_5x5",
    )
    numbered = True

    def check(self, genotype: Genotype) -> None:
        super().check(genotype)
        for cell, pairs, output in genotype.cells:
            if sorted(output) != list(OUTPUT):
                raise CrozeError(
                    f"The output of a darts cell concatenates the nodes 2 to 5, got {list(output)} for "
                    f"the {cell} cell."
                )
            for place in range(0, len(pairs), 2):
                if pairs[place][1] == pairs[place + 1][1]:
                    raise CrozeError(
                        f"A node of a darts cell takes two different states, got {pairs[place]} and "
                        f"{pairs[place + 1]} for node {2 + place // 2} of the {cell} cell."
                    )

    def sample(self, rng: random.Random) -> Genotype:
        return Genotype(self._sampled_cell(rng), OUTPUT, self._sampled_cell(rng), OUTPUT)

    def _sampled_cell(self, rng: random.Random) -> tuple[Pair, ...]:
        return tuple(
            (rng.choice(self.operations), source)
            for node in range(self.nodes)
            for source in sorted(rng.sample(range(2 + node), 2))
        )

    def rewirings(self, genotype: Genotype) -> list[Move]:
        """Every other input that a node does not have already."""
        return [
            (cell, place, (operation, other))
            for cell in CELLS
            for pairs in (getattr(genotype, cell),)
            for place, (operation, source) in enumerate(pairs)
            for other in range(2 + place // 2)
            if other not in (source, pairs[place ^ 1][1])
        ]
