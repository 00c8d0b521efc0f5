"""Which RobNet cells are the same with their nodes in another order.

Nodes may change places where no edge forbids it; the output concatenates all of them, so that its order is
one of channels, which the weights of the next layer can follow.
"""

from __future__ import annotations

from croze.spaces.robnet.edges import NODES, WIRING, Codes, Edges


def canonical(architecture: Edges) -> Edges:
    """Of all orders of each cell's nodes the one whose codes are the smallest."""
    return Edges(tuple(canonical_cell(codes) for codes in architecture.cells))


def canonical_cell(codes: Codes) -> Codes:
    """The same for one cell."""
    code = dict(zip(WIRING, codes, strict=True))
    return _smallest(code, (0, 1), tuple(range(2, 2 + NODES)))


def _smallest(code: dict[tuple[int, int], str], placed: tuple[int, ...], rest: tuple[int, ...]) -> Codes:
    """The smallest codes with which the rest can follow what is placed: the smallest beginning wins, and
    nodes that begin alike are tried one after the other.
    """
    if not rest:
        return ()
    rows: dict[Codes, list[int]] = {}
    for node in rest:
        others = (other for other in rest if other < node)
        if all(code[other, node] == "00" for other in others):
            row = tuple(code.get((source, node), "00") for source in placed)
            rows.setdefault(row, []).append(node)
    row = min(rows)
    return row + min(
        _smallest(code, (*placed, node), tuple(n for n in rest if n != node)) for node in rows[row]
    )
