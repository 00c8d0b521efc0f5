"""The cells of an architecture as graphs: for drawings, and for predictors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from croze.spaces.base import Space
from croze.types import Architecture

NONE = "none"
"""The label of an edge that connects nothing."""

INPUTS, OUTPUT = ("c(k−2)", "c(k−1)"), "c(k)"
"""Names of the nodes of a stacked cell that stand for the two cells before it and for its output."""


@dataclass(frozen=True)
class Edge:
    """An operation on the way from one node of a cell to another.

    Attributes:
        source, target: indices into the cell's nodes, `source < target`.
        operation: its name in the space's notation; empty where the target concatenates a state.
        label: the name for readers; `none` for an edge that connects nothing.
    """

    source: int
    target: int
    operation: str
    label: str

    @property
    def joined(self) -> bool:
        """Whether the edge computes nothing: its target, the output, concatenates the source."""
        return not self.operation


@dataclass(frozen=True)
class CellGraph:
    """A cell: its title, its nodes in an order in which every edge runs forward, and its edges.

    Edges are operations, also those that connect nothing, and what the output concatenates.
    """

    title: str
    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]

    @property
    def operations(self) -> tuple[Edge, ...]:
        """The edges with an operation."""
        return tuple(edge for edge in self.edges if not edge.joined)


def chain(operations: Iterable[str]) -> tuple[CellGraph, ...]:
    """The layers of a network without branches, from its stem to its head."""
    edges = tuple(Edge(place, place + 1, operation, operation) for place, operation in enumerate(operations))
    return (CellGraph("The layers", ("stem", *map(str, range(1, len(edges))), "head"), edges),)


def stacked_cell(title: str, nodes: int, edges: Sequence[Edge], output: Sequence[int]) -> CellGraph:
    """A cell of two inputs (states 0 and 1) and so many nodes (2 and up), whose output concatenates
    states.
    """
    joined = (Edge(state, 2 + nodes, "", "") for state in output)
    names = (*INPUTS, *(str(node) for node in range(nodes)), OUTPUT)
    return CellGraph(title, names, (*edges, *joined))


def graphs_of(space: Space[Any], architecture: Architecture) -> tuple[CellGraph, ...]:
    """The cells by `space.graph(architecture)`; none for a space without that method."""
    graph = getattr(space, "graph", None)
    return () if graph is None else tuple(graph(architecture))


def operation_label(name: str) -> str:
    """`sep_conv_3x3` for readers: `sep conv 3×3`."""
    return re.sub(r"(\d)x(\d)", r"\1×\2", name.replace("skip_connect", "skip").replace("_", " "))
