"""The RobNet search space (Guo et al. 2020): 14 edges a cell, each nothing, a convolution, a skip or both."""

from __future__ import annotations

import random
from dataclasses import dataclass
from types import ModuleType
from typing import cast

from croze.errors import CrozeError
from croze.spaces.darts.network import MakeCell
from croze.spaces.darts.stacked import StackedSpace
from croze.spaces.graph import NONE, CellGraph, Edge, stacked_cell
from croze.spaces.robnet import cell as cell_module
from croze.spaces.robnet import edges as notation
from croze.spaces.robnet.cell import robnet_cells
from croze.spaces.robnet.edges import CODES, NODES, WIRING, Edges

_LABELS = {"00": NONE, "01": "sep conv 3×3", "10": "skip", "11": "sep 3×3 + skip"}


@dataclass(frozen=True)
class RobNet(StackedSpace[Edges]):
    """The space, with the size its networks are built at.

    Attributes:
        shared: whether samples have one cell for all layers (the paper's cell-based search) or one a layer
            (its cell-free search). Architectures of either kind are read and built.
    """

    shared: bool = True

    name = "robnet"

    def parse(self, text: str) -> Edges:
        """The cells of this text; see `edges.parse`. A CrozeError unless there is one or as many as
        layers.
        """
        architecture = notation.parse(text)
        self.check(architecture)
        return architecture

    def check(self, architecture: Edges) -> None:
        if len(architecture.cells) not in (1, self.layers):
            raise CrozeError(
                f"A RobNet of {self.layers} layers has 1 cell for all or {self.layers}, got "
                f"{len(architecture.cells)}: set layers to that."
            )

    def sample(self, rng: random.Random) -> Edges:
        cells = 1 if self.shared else cast(int, self.layers)
        return Edges(tuple(tuple(rng.choices(CODES, k=len(WIRING))) for _ in range(cells)))

    def mutate(self, architecture: Edges, rng: random.Random, /) -> Edges:
        cell, edge = rng.randrange(len(architecture.cells)), rng.randrange(len(WIRING))
        others = [code for code in CODES if code != architecture.cells[cell][edge]]
        return architecture.with_code(cell, edge, rng.choice(others))

    def neighbours(self, architecture: Edges, /) -> list[Edges]:
        return [
            architecture.with_code(cell, edge, other)
            for cell, codes in enumerate(architecture.cells)
            for edge, code in enumerate(codes)
            for other in CODES
            if other != code
        ]

    def canonical(self, architecture: Edges, /) -> Edges:
        return notation.canonical(architecture)

    def graph(self, architecture: Edges, /) -> tuple[CellGraph, ...]:
        """The shared cell, or one a layer; operations are the codes."""
        count = len(architecture.cells)
        return tuple(
            stacked_cell(
                "The cell" if count == 1 else f"Cell {place}",
                NODES,
                [Edge(*ends, code, _LABELS[code]) for ends, code in zip(WIRING, codes, strict=True)],
                range(2, 2 + NODES),
            )
            for place, codes in enumerate(architecture.cells, start=1)
        )

    def make_cell(self, architecture: Edges) -> MakeCell:
        return robnet_cells(architecture.cells)

    def cell_source(self, architecture: Edges) -> tuple[list[ModuleType], str, str]:
        rows = "".join(f'    "{"-".join(codes)}".split("-"),\n' for codes in architecture.cells)
        return [cell_module], f"CELLS = [\n{rows}]", "robnet_cells(CELLS)"
