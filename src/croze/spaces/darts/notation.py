"""Reading genotypes in the notations of the field; nothing that is read is ever run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from croze.errors import CrozeError
from croze.spaces.darts.genotype import Genotype, Pair
from croze.spaces.literal import FIELDS, by_edge, literal

EXAMPLE = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 1), ...], normal_concat=[2, 3, 4, 5], "
    "reduce=[...], reduce_concat=[2, 3, 4, 5])"
)

Cell = tuple[Pair, ...]


def parse(
    text: str,
    *,
    numbered: Sequence[str] = (),
    concat: Callable[[Cell], tuple[int, ...] | None] = lambda _: None,
) -> Genotype:
    """The genotype that a text describes.

    Read are `Genotype(normal=[...], ...)` as `str` writes it and as the DARTS repository does (with or
    without a name before it, `range(2, 6)` for a concatenation), a JSON object or Python dictionary of the
    same four fields, and `[normal, reduce]` as nested lists or tuples. A cell is a flat list of pairs, or one
    list of pairs a node, or a dictionary of operations by edge (`{(0, 2): 'sep_conv_3x3', ...}`). A pair is
    an operation and a state in either order, GDAS's (operation, state, weight), or (state, number of the
    operation) as in the tables of NAS-Bench-301.

    Args:
        text: what to read.
        numbered: the operations that numbers stand for; none to refuse numbers.
        concat: gives the output of a cell that is written without; None to refuse such a text.

    Raises:
        CrozeError: for anything else, and for what `Genotype` refuses.
    """
    try:
        found = _fields(literal(text))
        cells = [_cell(found[name], numbered) for name in ("normal", "reduce")]
        outputs = []
        for cell, name in zip(cells, ("normal_concat", "reduce_concat"), strict=True):
            output = _states(found[name]) if name in found else concat(cell)
            if output is None:
                raise ValueError(f"{name} is missing")
            outputs.append(output)
    except ValueError as problem:
        shown = text.strip() if len(text.strip()) <= 80 else f"{text.strip()[:77]}..."
        raise CrozeError(f"{shown!r} is not a genotype: {problem}; one looks like {EXAMPLE}.") from None
    return Genotype(cells[0], outputs[0], cells[1], outputs[1])


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        unknown = [str(key) for key in value if key not in FIELDS]
        if unknown:
            raise ValueError(f"it has a field {unknown[0]!r} that genotypes have not")
        if "normal" not in value or "reduce" not in value:
            raise ValueError("it needs a normal and a reduce cell")
        return value
    if isinstance(value, list) and len(value) == 2:
        return {"normal": value[0], "reduce": value[1]}
    raise ValueError("it needs two cells, normal and reduce")


def _cell(value: Any, numbered: Sequence[str]) -> Cell:
    if isinstance(value, dict):
        edges = by_edge(value, range(2, 2 + len(value) // 2))
        if any(sum(end == target for _, end in edges) != 2 for _, target in edges):
            raise ValueError("every node of a cell has two edges")
        value = [[operation, source] for (source, _), operation in edges.items()]
    if not isinstance(value, list) or not all(isinstance(item, list) for item in value):
        raise ValueError("a cell is a list of (operation, state) pairs")
    if value and all(inner and all(isinstance(pair, list) for pair in inner) for inner in value):
        value = [pair for node in value for pair in node]
    return tuple(_pair(pair, numbered) for pair in value)


def _pair(value: list[Any], numbered: Sequence[str]) -> Pair:
    match value:
        case (
            [str() as operation, int() as state]
            | [int() as state, str() as operation]
            | [str() as operation, int() as state, float()]
        ):
            return operation, state
        case [int() as state, int() as number] if numbered:
            if not 0 <= number < len(numbered):
                raise ValueError(
                    f"operation {number} is not among 0..{len(numbered) - 1}, "
                    f"which stand for {', '.join(numbered)}"
                )
            return numbered[number], state
    raise ValueError(f"{value!r:.40} is no (operation, state) pair")


def _states(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(isinstance(state, int) for state in value):
        raise ValueError("a concatenation is a list of states")
    return tuple(value)
