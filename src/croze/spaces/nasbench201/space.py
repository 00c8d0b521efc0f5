"""The NAS-Bench-201 search space (Dong & Yang 2020): 15,625 cells, 6,466 of them distinct."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial

from torch import nn

from croze.errors import CrozeError
from croze.nn.repeated import repeating
from croze.nn.seeding import seeded
from croze.nn.stages import Stages
from croze.spaces.export import build_source, standalone
from croze.spaces.graph import NONE, CellGraph, Edge
from croze.spaces.nasbench201 import cell as notation
from croze.spaces.nasbench201 import network as network_module
from croze.spaces.nasbench201.cell import EDGES, OPERATIONS, Cell
from croze.spaces.nasbench201.network import CellBlock, Network, ThinNetwork

_LABELS = {
    "none": NONE,
    "skip_connect": "skip",
    "nor_conv_1x1": "conv 1×1",
    "nor_conv_3x3": "conv 3×3",
    "avg_pool_3x3": "avg pool",
}


class StagedNetwork(Network):
    """The network, with its stages and blocks declared; exported networks go without."""

    channels_last = True  # scored in this layout: about twice as fast on a CPU

    def block_names(self) -> tuple[str, ...]:
        names = ["stem"]
        for stage in ("stage1", "reduction1", "stage2", "reduction2", "stage3"):
            cells = stage.startswith("stage")
            names += [f"{stage}.{i}" for i in range(self.cells_per_stage)] if cells else [stage]
        return tuple(names)

    def stages(self) -> Stages:
        """Stem, both reductions, the last ReLU and the pooled vector.

        A layer met after c cells uses number c // (cells a stage), the classifier one more.
        """
        entered = 0
        of_layer: dict[str, int] = {}
        for name, module in self.named_modules():
            if isinstance(module, CellBlock):
                entered += 1
            elif isinstance(module, nn.Conv2d):
                of_layer[name] = entered // self.cells_per_stage
        of_layer["classifier"] = entered // self.cells_per_stage + 1
        return Stages(
            outputs=("stem", "reduction1", "reduction2", "head", "pool"),
            of_layer=of_layer,
            keeps_batchnorm=("reduction1", "reduction2"),
        )


@dataclass(frozen=True)
class NASBench201:
    """Cells, and networks of three flavours.

    `benchmark` is the network that the published accuracies were trained with, `released` what the released
    code of CRoZe builds in its place, `thin` the one on which TE-NAS counts linear regions.

    Attributes:
        channels: width of the first stage.
        cells: cells per stage.
    """

    channels: int = 16
    cells: int = 5

    name = "nasbench201"
    flavours = ("benchmark", "released", "thin")

    def __post_init__(self) -> None:
        for name in ("channels", "cells"):
            if getattr(self, name) < 1:
                raise CrozeError(
                    f"A NAS-Bench-201 network needs at least 1 of {name}, got {getattr(self, name)}."
                )

    def parse(self, text: str) -> Cell:
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
        return notation.canonical(cell)

    def build(self, cell: Cell, *, classes: int, seed: int, flavour: str = "benchmark") -> nn.Module:
        """The network of the cell with PyTorch's default initialisation drawn from `seed`.

        Raises:
            CrozeError: for an unknown flavour.
        """
        if flavour not in self.flavours:
            raise CrozeError(f"Unknown flavour {flavour!r}; NAS-Bench-201 has {', '.join(self.flavours)}.")
        with seeded(seed):
            if flavour == "thin":
                return ThinNetwork(cell.operations, classes=classes)
            released = flavour == "released"
            make_cell = repeating(partial(CellBlock, cell.operations, released=released))
            return StagedNetwork(
                make_cell, classes=classes, channels=self.channels, cells=self.cells, affine=not released
            )

    def graph(self, cell: Cell) -> tuple[CellGraph, ...]:
        edges = tuple(
            Edge(source, target, operation, _LABELS[operation])
            for (target, source), operation in zip(EDGES, cell.operations, strict=True)
        )
        return (CellGraph("The cell", ("in", "1", "2", "out"), edges),)

    def export(self, cell: Cell, *, classes: int) -> str:
        """Python source of the benchmark network that needs nothing but torch; its state dict has the same
        names.
        """
        make_cell = "lambda channels: CellBlock(CELL, channels)"
        arguments = {
            "make_cell": make_cell,
            "classes": classes,
            "channels": self.channels,
            "cells": self.cells,
        }
        build = build_source("Network", arguments, f"CELL = {cell.operations!r}")
        title = f"NAS-Bench-201 network of the cell\n\n    {cell}\n\nFound by croze; needs nothing but torch."
        return standalone([notation, network_module], build, title=title)
