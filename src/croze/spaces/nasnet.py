"""The cells of NASNet and AmoebaNet (Zoph et al. 2018; Real et al. 2019): 5 nodes, 8 operations."""

from __future__ import annotations

import random
from dataclasses import dataclass

from croze.spaces.darts.genotype import Genotype, Pair, unused_states
from croze.spaces.darts.genotype_space import CELLS, GenotypeSpace, Move


@dataclass(frozen=True)
class NASNet(GenotypeSpace):
    """Genotypes of five nodes; inputs may be the same state twice, and the output need not hold every node.

    Samples and moves put the unused states into the output, as the papers do. A genotype that is written with
    another output keeps it. Operations are those of Real et al., the networks those of DARTS.
    """

    name = "nasnet"
    nodes = 5
    operations = (
        "skip_connect",
        "avg_pool_3x3",
        "max_pool_3x3",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "sep_conv_7x7",
        "dil_conv_3x3",
        "conv_7x1_1x7",
    )

    def default_output(self, pairs: tuple[Pair, ...]) -> tuple[int, ...]:
        return unused_states(pairs)

    def sample(self, rng: random.Random) -> Genotype:
        """Operations and inputs drawn uniformly."""
        normal, reduce = (
            tuple(
                (rng.choice(self.operations), rng.randrange(2 + place // 2))
                for place in range(2 * self.nodes)
            )
            for _ in CELLS
        )
        return Genotype(normal, unused_states(normal), reduce, unused_states(reduce))

    def rewirings(self, genotype: Genotype) -> list[Move]:
        return [
            (cell, place, (operation, other))
            for cell in CELLS
            for place, (operation, source) in enumerate(getattr(genotype, cell))
            for other in range(2 + place // 2)
            if other != source
        ]

    def moved(self, genotype: Genotype, move: Move) -> Genotype:
        """The genotype after this move, with the unused states as output."""
        child = super().moved(genotype, move)
        return Genotype(child.normal, unused_states(child.normal), child.reduce, unused_states(child.reduce))
