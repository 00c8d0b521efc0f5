"""A NAS-Bench-201 cell as a value (Dong & Yang 2020, section 2.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from croze.errors import CrozeError

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""The five operations, in the order of the benchmark."""

EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
"""(target node, source node) in the order in which a cell's string names them; node 0 is the input."""

NODES = 4
EXAMPLE = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|skip_connect~2|"

_TERM = re.compile(r"([a-z0-9_]+)~(\d+)")

_NUMBERS = re.compile(r"[(\[]\s*(\d(?:\s*,\s*\d){5})\s*[)\]]")
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
    sources.

    Raises:
        CrozeError: when the text is not of that form or names an unknown operation.
    """
    numbers = _NUMBERS.fullmatch(text.strip())
    if numbers is not None:
        return _from_numbers(text, [int(number) for number in numbers[1].split(",")])
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


def _from_numbers(text: str, numbers: list[int]) -> Cell:
    if max(numbers) >= len(_NUMBERED):
        raise CrozeError(
            f"{text!r} numbers operations beyond 0..{len(_NUMBERED) - 1}, "
            f"which stand for {', '.join(_NUMBERED)}."
        )
    on_edge = {edge: _NUMBERED[number] for edge, number in zip(_NUMBERED_EDGES, numbers, strict=True)}
    return Cell(tuple(on_edge[edge] for edge in EDGES))


def _malformed(text: str) -> CrozeError:
    return CrozeError(f"{text!r} is not a NAS-Bench-201 cell; one looks like {EXAMPLE!r}.")
