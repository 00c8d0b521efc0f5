"""The cells of an architecture as graphs, for the spaces that have cells."""

from __future__ import annotations

from dataclasses import dataclass

from croze.errors import CrozeError
from croze.spaces.darts.genotype import Pair
from croze.spaces.darts.notation import parse as parse_genotype
from croze.spaces.nasbench201.cell import EDGES
from croze.spaces.nasbench201.cell import parse as parse_cell
from croze.spaces.robnet.edges import WIRING, Codes
from croze.spaces.robnet.edges import parse as parse_edges

NONE = "none"

_NASBENCH201 = {
    "none": NONE,
    "skip_connect": "skip",
    "nor_conv_1x1": "conv 1×1",
    "nor_conv_3x3": "conv 3×3",
    "avg_pool_3x3": "avg pool",
}
_ROBNET = {"00": NONE, "01": "sep conv 3×3", "10": "skip", "11": "sep 3×3 + skip"}
_INPUTS = ("c(k−2)", "c(k−1)")
_OUTPUT = "c(k)"


@dataclass(frozen=True)
class Edge:
    """An operation between two nodes of a cell, by their places; `joined` when it only hands on a state."""

    source: int
    target: int
    label: str
    joined: bool = False


@dataclass(frozen=True)
class CellGraph:
    """A cell.

    Attributes:
        title: which cell of the network it is.
        nodes: their names in an order in which every edge runs forward.
        edges: operations, those that are `none` too, and what the output joins.
    """

    title: str
    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]

    @property
    def operations(self) -> tuple[Edge, ...]:
        """The edges that compute something or hand a state on to a node."""
        return tuple(edge for edge in self.edges if not edge.joined)


def cell_graphs(architecture: str) -> tuple[CellGraph, ...]:
    """The cells of an architecture in the notation of its space; none for a space without a known cell."""
    for read in (_nasbench201, _genotype, _robnet):
        try:
            return read(architecture)
        except CrozeError:
            continue
    return ()


def _nasbench201(text: str) -> tuple[CellGraph, ...]:
    cell = parse_cell(text)
    edges = tuple(
        Edge(source, target, _NASBENCH201[operation])
        for (target, source), operation in zip(EDGES, cell.operations, strict=True)
    )
    return (CellGraph("The cell", ("in", "1", "2", "out"), edges),)


def _genotype(text: str) -> tuple[CellGraph, ...]:
    genotype = parse_genotype(text)
    return (
        _of_pairs("The normal cell", genotype.normal, genotype.normal_concat),
        _of_pairs("The reduction cell", genotype.reduce, genotype.reduce_concat),
    )


def _of_pairs(title: str, pairs: tuple[Pair, ...], concat: tuple[int, ...]) -> CellGraph:
    count = len(pairs) // 2
    nodes = (*_INPUTS, *(str(node) for node in range(count)), _OUTPUT)
    edges = [Edge(source, 2 + i // 2, operation_label(name)) for i, (name, source) in enumerate(pairs)]
    edges += [Edge(state, 2 + count, "", joined=True) for state in concat]
    return CellGraph(title, nodes, tuple(edges))


def _robnet(text: str) -> tuple[CellGraph, ...]:
    cells = parse_edges(text).cells
    titles = ["The cell"] if len(cells) == 1 else [f"Cell {i}" for i in range(1, len(cells) + 1)]
    return tuple(_of_codes(title, codes) for title, codes in zip(titles, cells, strict=True))


def _of_codes(title: str, codes: Codes) -> CellGraph:
    edges = [
        Edge(source, target, _ROBNET[code]) for (source, target), code in zip(WIRING, codes, strict=True)
    ]
    edges += [Edge(node, 6, "", joined=True) for node in range(2, 6)]
    return CellGraph(title, (*_INPUTS, "0", "1", "2", "3", _OUTPUT), tuple(edges))


def operation_label(name: str) -> str:
    """`sep_conv_3x3` as a reader wants it: `sep conv 3×3`."""
    words = name.replace("skip_connect", "skip").replace("pool_3x3", "pool 3x3").split("_")
    text = " ".join(words)
    for side in range(1, 10):
        for other in range(1, 10):
            text = text.replace(f"{side}x{other}", f"{side}×{other}")
    return text
