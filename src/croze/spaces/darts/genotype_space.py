"""What the spaces have in common whose architectures are genotypes."""

from __future__ import annotations

import random
from abc import abstractmethod
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, ClassVar

from croze.errors import CrozeError
from croze.nn.repeated import repeating
from croze.spaces.darts import cell as cell_module
from croze.spaces.darts import notation
from croze.spaces.darts.cell import cells_of
from croze.spaces.darts.genotype import Genotype, Pair, canonical, nodes_of
from croze.spaces.darts.network import MakeCell
from croze.spaces.darts.stacked import StackedSpace
from croze.spaces.graph import CellGraph, Edge, operation_label, stacked_cell
from croze.spaces.literal import FIELDS

CELLS = ("normal", "reduce")

Move = tuple[str, int, Any]
"""A field of the genotype, a place in it, and what comes there instead."""


@dataclass(frozen=True)
class GenotypeSpace(StackedSpace[Genotype]):
    """A space of genotypes.

    Attributes:
        affine: whether BatchNorm inside the operations has weights; without, and with 8 cells of 32 channels,
            `darts` builds the networks of NAS-Bench-301 as NASLib does.
    """

    affine: bool = True

    operations: ClassVar[tuple[str, ...]]
    nodes: ClassVar[int]
    numbered: ClassVar[bool] = False

    @abstractmethod
    def sample(self, rng: random.Random) -> Genotype:
        """A random genotype."""

    @abstractmethod
    def rewirings(self, genotype: Genotype) -> list[Move]:
        """Every move that changes how the cells are wired."""

    def parse(self, text: str) -> Genotype:
        """The genotype of this text; `notation.parse` says what is read. A CrozeError for one that is not of
        this space.
        """
        genotype = notation.parse(
            text, numbered=self.operations if self.numbered else (), concat=self.default_output
        )
        self.check(genotype)
        return genotype

    def canonical(self, genotype: Genotype, /) -> Genotype:
        """The one genotype that stands for all that are isomorphic to this one; see `genotype.canonical`."""
        return canonical(genotype)

    def default_output(self, pairs: tuple[Pair, ...]) -> tuple[int, ...] | None:
        """The output of a cell that is written without one, all nodes; None where it must be written."""
        return tuple(range(2, 2 + nodes_of(pairs)))

    def check(self, genotype: Genotype) -> None:
        for name, pairs, _ in genotype.cells:
            if nodes_of(pairs) != self.nodes:
                raise CrozeError(
                    f"A {name} cell of {self.name} has {2 * self.nodes} (operation, state) pairs, got "
                    f"{len(pairs)}; darts has 8, nasnet 10, darts-released 14: name the space it is of."
                )
            for operation, _ in pairs:
                if operation not in self.operations:
                    raise CrozeError(
                        f"Unknown operation {operation!r} in a genotype of {self.name}; it has "
                        f"{', '.join(self.operations)}."
                    )

    def neighbours(self, genotype: Genotype, /) -> list[Genotype]:
        """Everything one move away: another operation in one place, or one change of the wiring."""
        moves = self._replacements(genotype) + self.rewirings(genotype)
        return [self.moved(genotype, move) for move in moves]

    def mutate(self, genotype: Genotype, rng: random.Random, /) -> Genotype:
        """A random neighbour: by a fair coin (Real et al. 2019) another operation or another wiring."""
        moves = self._replacements(genotype) if rng.random() < 0.5 else self.rewirings(genotype)
        return self.moved(genotype, rng.choice(moves))

    def moved(self, genotype: Genotype, move: Move) -> Genotype:
        """The genotype after this move."""
        field, place, value = move
        before = getattr(genotype, field)
        return replace(genotype, **{field: (*before[:place], value, *before[place + 1 :])})

    def graph(self, genotype: Genotype, /) -> tuple[CellGraph, ...]:
        return tuple(
            stacked_cell(
                "The normal cell" if name == "normal" else "The reduction cell",
                nodes_of(pairs),
                [Edge(state, 2 + i // 2, op, operation_label(op)) for i, (op, state) in enumerate(pairs)],
                output,
            )
            for name, pairs, output in genotype.cells
        )

    def make_cell(self, genotype: Genotype) -> MakeCell:
        return repeating(
            cells_of(
                genotype.normal, genotype.normal_concat, genotype.reduce, genotype.reduce_concat, self.affine
            )
        )

    def cell_source(self, genotype: Genotype) -> tuple[list[ModuleType], str, str]:
        constants = ""
        for cell, pairs, output in genotype.cells:
            nodes = (pairs[place : place + 2] for place in range(0, len(pairs), 2))
            rows = (", ".join(f'("{operation}", {source})' for operation, source in node) for node in nodes)
            constants += f"{cell.upper()} = [\n" + "".join(f"    {row},\n" for row in rows) + "]\n"
            constants += f"{cell.upper()}_CONCAT = {list(output)}\n"
        names = ", ".join(field.upper() for field in FIELDS)
        return [cell_module], constants.rstrip(), f"cells_of({names}, affine={self.affine})"

    def _replacements(self, genotype: Genotype) -> list[Move]:
        return [
            (cell, place, (other, source))
            for cell in CELLS
            for place, (operation, source) in enumerate(getattr(genotype, cell))
            for other in self.operations
            if other != operation
        ]
