"""RobNet cells as a value (Guo et al. 2020, section 3.1): a code for each edge of each cell."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from croze.errors import CrozeError

CODES = ("00", "01", "10", "11")
"""No operation; separable convolution 3x3; skip; both, added."""

NODES = 4
WIRING = tuple((source, 2 + node) for node in range(NODES) for source in range(2 + node))
"""(source state, node) in the order of a cell's codes; states 0 and 1 are the inputs."""

EXAMPLE = "11-11-11-11-11-01-11-01-10-11-01-01-01-11"

Codes = tuple[str, ...]

_CELL = re.compile(r"[01]{2}(?:-[01]{2})*")
_LISTS = re.compile(r"[\s\[\](),'\"01]*")


@dataclass(frozen=True, order=True)
class Edges:
    """The codes of one cell that all layers share, or of one cell a layer.

    Raises:
        CrozeError: when a cell has not 14 known codes.
    """

    cells: tuple[Codes, ...]

    def __post_init__(self) -> None:
        if not self.cells:
            raise CrozeError("A RobNet has one cell for all layers or one a layer, got none.")
        for codes in self.cells:
            if len(codes) != len(WIRING):
                raise CrozeError(f"A RobNet cell has {len(WIRING)} two-bit codes, got {len(codes)}.")
            for code in codes:
                if code not in CODES:
                    raise CrozeError(f"Unknown RobNet code {code!r}; the four are {', '.join(CODES)}.")

    def __str__(self) -> str:
        return ",".join("-".join(codes) for codes in self.cells)

    def with_code(self, cell: int, edge: int, code: str) -> Edges:
        """The same with another code on one edge of one cell."""
        codes = self.cells[cell]
        changed = (*codes[:edge], code, *codes[edge + 1 :])
        return Edges((*self.cells[:cell], changed, *self.cells[cell + 1 :]))


def parse(text: str) -> Edges:
    """Read the codes of cells, `11-10-...` with commas between cells, or the nested lists of the RobNet
    repository.

    Raises:
        CrozeError: for anything else.
    """
    text = text.strip()
    cells = [part.strip() for part in text.split(",")]
    if all(_CELL.fullmatch(cell) for cell in cells):
        return Edges(tuple(tuple(cell.split("-")) for cell in cells))
    if len(text) <= 20_000 and text[:1] in ("[", "(") and _LISTS.fullmatch(text):
        try:
            return Edges(tuple(_codes(cell) for cell in ast.literal_eval(text)))
        except CrozeError:
            raise
        except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
            pass
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    raise CrozeError(
        f"{shown!r} is not a RobNet; one cell looks like {EXAMPLE!r}, commas stand between cells."
    )


def _codes(cell: object) -> Codes:
    if not isinstance(cell, list | tuple) or not all(isinstance(code, str) for code in cell):
        raise TypeError("a cell is a list of texts")
    return tuple(cell)


def canonical(architecture: Edges) -> Edges:
    """Of all orders of each cell's nodes the one whose codes are the smallest.

    Nodes may change places where no edge forbids it. The output concatenates all of them, so its order is one
    of channels, which the weights of the next layer can follow.
    """
    return Edges(tuple(canonical_cell(codes) for codes in architecture.cells))


def canonical_cell(codes: Codes) -> Codes:
    code = dict(zip(WIRING, codes, strict=True))
    return _smallest(code, (0, 1), tuple(range(2, 2 + NODES)))


def _smallest(code: dict[tuple[int, int], str], placed: tuple[int, ...], rest: tuple[int, ...]) -> Codes:
    """The smallest codes with which the rest can follow what is placed; nodes that begin alike are tried in
    turn.
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
