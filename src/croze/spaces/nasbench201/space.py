"""The NAS-Bench-201 search space (Dong & Yang 2020): 15,625 cells, 6,466 of them distinct."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import cast, get_args

from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.spaces.graph import NONE, CellGraph, Edge
from croze.spaces.nasbench201 import cell as notation
from croze.spaces.nasbench201 import isomorphism
from croze.spaces.nasbench201.cell import EDGES, OPERATIONS, Cell
from croze.spaces.nasbench201.export import source_of
from croze.spaces.nasbench201.network import Flavour, Network
from croze.spaces.nasbench201.thin import ThinNetwork

THIN = "thin"
"""The flavour on which TE-NAS counts linear regions; see `thin`."""

_LABELS = {
    "none": NONE,
    "skip_connect": "skip",
    "nor_conv_1x1": "conv 1×1",
    "nor_conv_3x3": "conv 3×3",
    "avg_pool_3x3": "avg pool",
}


@dataclass(frozen=True)
class NASBench201:
    """The space, with the size its networks are built at.

    Attributes:
        channels: width of the first stage.
        cells: cells a stage.
    """

    channels: int = 16
    cells: int = 5

    name = "nasbench201"

    def __post_init__(self) -> None:
        for name in ("channels", "cells"):
            if getattr(self, name) < 1:
                raise CrozeError(
                    f"A NAS-Bench-201 network needs at least 1 of {name}, got {getattr(self, name)}."
                )

    @property
    def flavours(self) -> tuple[str, ...]:
        """Names of the network's flavours; the first is what accuracies are published for."""
        return (*get_args(Flavour), THIN)

    def parse(self, text: str) -> Cell:
        """The cell of this string; see `cell.parse`."""
        return notation.parse(text)

    def sample(self, rng: random.Random) -> Cell:
        """A cell drawn uniformly from the 15,625."""
        return Cell(tuple(rng.choices(OPERATIONS, k=len(EDGES))))

    def mutate(self, cell: Cell, rng: random.Random) -> Cell:
        """The cell with another operation on one edge, both drawn uniformly."""
        edge = rng.randrange(len(EDGES))
        return cell.with_operation(edge, rng.choice([o for o in OPERATIONS if o != cell.operations[edge]]))

    def neighbours(self, cell: Cell) -> list[Cell]:
        """The 24 cells that differ in one operation, edge by edge."""
        return [
            cell.with_operation(edge, operation)
            for edge, present in enumerate(cell.operations)
            for operation in OPERATIONS
            if operation != present
        ]

    def canonical(self, cell: Cell) -> Cell:
        """One cell for the whole isomorphism class; see `isomorphism.canonical`."""
        return isomorphism.canonical(cell)

    def build(self, cell: Cell, *, classes: int, seed: int, flavour: str = "benchmark") -> nn.Module:
        """The network of the cell with PyTorch's default initialisation drawn from `seed`.

        Raises:
            CrozeError: for an unknown flavour.
        """
        if flavour not in self.flavours:
            raise CrozeError(f"Unknown flavour {flavour!r}; NAS-Bench-201 has {', '.join(self.flavours)}.")
        with seeded(seed):
            if flavour == THIN:
                return ThinNetwork(cell, classes=classes)
            return Network(
                cell,
                classes=classes,
                channels=self.channels,
                cells=self.cells,
                flavour=cast(Flavour, flavour),
            )

    def graph(self, cell: Cell) -> tuple[CellGraph, ...]:
        """The one cell that all stages share."""
        edges = tuple(
            Edge(source, target, operation, _LABELS[operation])
            for (target, source), operation in zip(EDGES, cell.operations, strict=True)
        )
        return (CellGraph("The cell", ("in", "1", "2", "out"), edges),)

    def export(self, cell: Cell, *, classes: int) -> str:
        """Python source of the benchmark network that needs nothing but torch."""
        return source_of(cell, classes=classes, channels=self.channels, cells=self.cells)
