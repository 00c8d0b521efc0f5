"""A NAS-Bench-201 cell as a value (Dong & Yang 2020, section 2.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from croze.errors import CrozeError
from croze.spaces.literal import by_edge, literal

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""The five operations, in the order of the benchmark."""

EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
"""(target node, source node) in the order in which a cell's string names them; node 0 is the input."""

NODES = 4
EXAMPLE = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|skip_connect~2|"

_TERM = re.compile(r"([a-z0-9_]+)~(\d+)")

_NUMBERED = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
_NUMBERED_EDGES = ((1, 0), (2, 0), (3, 0), (2, 1), (3, 1), (3, 2))


@dataclass(frozen=True, order=True)
class Cell:
    """Six operations, one an edge, in the order of `EDGES`.

    Raises:
        CrozeError: when there are not six known operations.
    """

    operations: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.operations) != len(EDGES):
            raise CrozeError(f"A NAS-Bench-201 cell has {len(EDGES)} operations, got {len(self.operations)}.")
        for operation in self.operations:
            if operation not in OPERATIONS:
                raise CrozeError(
                    f"Unknown NAS-Bench-201 operation {operation!r}; the five are {', '.join(OPERATIONS)}."
                )

    def __str__(self) -> str:
        nodes: dict[int, list[str]] = {}
        for (target, source), operation in zip(EDGES, self.operations, strict=True):
            nodes.setdefault(target, []).append(f"{operation}~{source}")
        return "+".join("|" + "|".join(terms) + "|" for terms in nodes.values())

    def with_operation(self, edge: int, operation: str) -> Cell:
        """The cell with another operation on the edge at this place of `EDGES`."""
        return Cell((*self.operations[:edge], operation, *self.operations[edge + 1 :]))


def parse(text: str) -> Cell:
    """Read a cell from the benchmark's string form, such as `|a~0|+|b~0|c~1|+|d~0|e~1|f~2|`.

    Also from the six numbers that NAS-Bench-Suite-Zero and HW-NAS-Bench tables hold, such as
    `(4, 3, 3, 0, 0, 0)`: 0 skip, 1 none, 2 conv 3x3, 3 conv 1x1, 4 pool, edge by edge in the order of their
    sources; from a list of (operation, source) pairs for each node, with or without their weights, as GDAS
    writes it; from a dictionary of operations by edge, `{'1<-0': 'none', ...}`; from a list of one string.

    Raises:
        CrozeError: when the text is of none of these forms or names an unknown operation.
    """
    if text.strip().startswith("|"):
        return _of_string(text)
    try:
        value = literal(text)
        while isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            return _of_string(value)
        if isinstance(value, list) and value and all(isinstance(node, list) for node in value):
            value = {
                (source, target): operation
                for target, node in enumerate(value, start=1)
                for operation, source in (_term(term) for term in node)
            }
        if isinstance(value, dict):
            on_edge = {(target, source): o for (source, target), o in by_edge(value, range(1, NODES)).items()}
        else:
            on_edge = dict(zip(_NUMBERED_EDGES, map(_numbered, value), strict=True))
        if set(on_edge) != set(EDGES):
            raise ValueError("edges are missing or too many")
    except CrozeError:
        raise
    except (ValueError, TypeError):
        raise _malformed(text) from None
    return Cell(tuple(on_edge[edge] for edge in EDGES))


def _of_string(text: str) -> Cell:
    operations: list[str] = []
    wiring: list[tuple[int, int]] = []
    nodes = text.strip().split("+")
    for target, node in enumerate(nodes, start=1):
        terms = node.split("|")
        if len(terms) < 3 or terms[0] or terms[-1]:
            raise _malformed(text)
        for term in terms[1:-1]:
            match = _TERM.fullmatch(term)
            if match is None:
                raise _malformed(text)
            operations.append(match[1])
            wiring.append((target, int(match[2])))
    if tuple(wiring) != EDGES:
        raise _malformed(text)
    return Cell(tuple(operations))


def _term(term: Any) -> tuple[str, int]:
    match term:
        case (
            [str() as operation, int() as source]
            | [int() as source, str() as operation]
            | [str() as operation, int() as source, float()]
        ):
            return operation, source
    raise ValueError("no (operation, source) pair")


def _numbered(number: Any) -> str:
    if type(number) is not int:
        raise ValueError("no number of an operation")
    if not 0 <= number < len(_NUMBERED):
        raise CrozeError(
            f"A cell numbers its operations from 0 to {len(_NUMBERED) - 1}, "
            f"which stand for {', '.join(_NUMBERED)}; got {number}."
        )
    return _NUMBERED[number]


def _malformed(text: str) -> CrozeError:
    return CrozeError(f"{text!r:.120} is not a NAS-Bench-201 cell; one looks like {EXAMPLE!r}.")


def expression(cell: Cell) -> str:
    """The normal form of the cell's output; equal for isomorphic cells and for no others.

    Dong & Yang (2020) and the Robust NAS-Bench-201 tables identify two cells when these expressions agree as
    text: a skip passes its input on, a zero is `#` and stays a summand, other operations wrap their input,
    and the summands of a node are sorted. This gives 6,466 classes; equality of the computed functions would
    give 4,930, but the published tables rest on the former.
    """
    operations = iter(cell.operations)
    nodes = ["0"]
    while len(nodes) < NODES:
        summands = []
        for source in nodes:
            operation = next(operations)
            if operation == "none" or source == "#":
                summands.append("#")
            else:
                summands.append(source if operation == "skip_connect" else f"({source})@{operation}")
        nodes.append("+".join(sorted(summands)))
    return nodes[-1]


def canonical(cell: Cell) -> Cell:
    """The member of the cell's class whose string is the smallest in lexicographic order."""
    return _representatives()[expression(cell)]


@cache
def every_cell() -> tuple[Cell, ...]:
    """All 15,625 cells."""
    return tuple(Cell(operations) for operations in product(OPERATIONS, repeat=6))


@cache
def _representatives() -> dict[str, Cell]:
    return {expression(cell): cell for cell in sorted(every_cell(), key=str, reverse=True)}
