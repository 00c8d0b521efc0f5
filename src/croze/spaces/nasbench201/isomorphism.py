"""Which cells are the same cell: the benchmark's own notion, 6,466 classes of 15,625 strings.

Dong & Yang (2020) and the Robust NAS-Bench-201 tables identify two cells when their output expressions
agree as text: a skip passes its input's expression on, a zero is written `#` and stays a summand, other
operations wrap their input, and the summands of a node are sorted as text. This is finer than equality of
the computed functions (which would also drop zero summands: 4,930 classes), and it is kept as it is because
the published tables rest on it.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from croze.spaces.nasbench201.cell import OPERATIONS, Cell

_ZERO = "#"


def expression(cell: Cell) -> str:
    """The normal form of the cell's output; equal for isomorphic cells and for no others."""
    operations = iter(cell.operations)
    nodes = ["0"]
    while len(nodes) < 4:
        summands = [_apply(next(operations), source) for source in nodes]
        nodes.append("+".join(sorted(summands)))
    return nodes[-1]


def canonical(cell: Cell) -> Cell:
    """The member of the cell's class whose string is the smallest in lexicographic order."""
    return _representatives()[expression(cell)]


@lru_cache(maxsize=1)
def every_cell() -> tuple[Cell, ...]:
    """All 15,625 cells."""
    return tuple(Cell(operations) for operations in product(OPERATIONS, repeat=6))


def _apply(operation: str, source: str) -> str:
    if operation == "none" or source == _ZERO:
        return _ZERO
    return source if operation == "skip_connect" else f"({source})@{operation}"


@lru_cache(maxsize=1)
def _representatives() -> dict[str, Cell]:
    smallest: dict[str, tuple[str, Cell]] = {}
    for cell in every_cell():
        key, text = expression(cell), str(cell)
        if key not in smallest or text < smallest[key][0]:
            smallest[key] = (text, cell)
    return {key: cell for key, (_, cell) in smallest.items()}
