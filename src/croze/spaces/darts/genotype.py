"""A genotype as a value: what Liu et al. (2019) and the field after them write a cell down as."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from croze.errors import CrozeError

Pair = tuple[str, int]
"""An operation and the state it is applied to."""


@dataclass(frozen=True, order=True)
class Genotype:
    """A normal and a reduction cell; `str()` is the notation of the field and parses back.

    States 0 and 1 of a cell are the outputs of the two cells before it, 2 and up its nodes. A node is two
    neighbouring pairs of `normal` (or `reduce`) and adds up what they put out; the cell's output concatenates
    the states of `normal_concat`. Lists are taken as well and become tuples.

    Raises:
        CrozeError: when a cell has no whole number of nodes, an operation is applied to a state that is not
            there yet, or the output names a state that is no node.
    """

    normal: tuple[Pair, ...]
    normal_concat: tuple[int, ...]
    reduce: tuple[Pair, ...]
    reduce_concat: tuple[int, ...]

    def __post_init__(self) -> None:
        for cell, concat in (("normal", "normal_concat"), ("reduce", "reduce_concat")):
            pairs, output = getattr(self, cell), getattr(self, concat)
            if type(pairs) is not tuple or type(pairs[0] if pairs else ()) is not tuple:
                pairs = tuple(tuple(pair) for pair in pairs)
                object.__setattr__(self, cell, pairs)
            if type(output) is not tuple:
                output = tuple(output)
                object.__setattr__(self, concat, output)
            _check(cell, pairs, output)

    @property
    def cells(self) -> tuple[tuple[str, tuple[Pair, ...], tuple[int, ...]], ...]:
        """Name, pairs and output of either cell."""
        return (
            ("normal", self.normal, self.normal_concat),
            ("reduce", self.reduce, self.reduce_concat),
        )

    def __str__(self) -> str:
        return (
            f"Genotype(normal={list(self.normal)}, normal_concat={list(self.normal_concat)}, "
            f"reduce={list(self.reduce)}, reduce_concat={list(self.reduce_concat)})"
        )


def nodes_of(pairs: Sequence[Pair]) -> int:
    """Number of nodes of a cell."""
    return len(pairs) // 2


def unused_states(pairs: Iterable[Pair]) -> tuple[int, ...]:
    """The nodes that no other node takes as an input."""
    pairs = tuple(pairs)
    used = {source for _, source in pairs}
    return tuple(state for state in range(2, 2 + nodes_of(pairs)) if state not in used)


def _check(cell: str, pairs: tuple[Pair, ...], concat: tuple[int, ...]) -> None:
    if not pairs or len(pairs) % 2:
        raise CrozeError(
            f"The {cell} cell of a genotype has two (operation, state) pairs a node, got {len(pairs)} pairs."
        )
    for index, (operation, source) in enumerate(pairs):
        if not 0 <= source < 2 + index // 2:
            raise CrozeError(
                f"Node {2 + index // 2} of the {cell} cell takes states 0..{1 + index // 2}, "
                f"got ({operation!r}, {source})."
            )
    if not concat or min(concat) < 2 or max(concat) > 1 + len(pairs) // 2:
        raise CrozeError(
            f"The output of the {cell} cell concatenates states of 2..{1 + len(pairs) // 2}, "
            f"got {list(concat)}."
        )


Key = tuple[Pair, Pair, int]
"""A node: its two inputs, the smaller first, and how often it stands in the output."""


def canonical(genotype: Genotype) -> Genotype:
    """The genotype that stands for all isomorphic ones, whose parts are named in another order.

    Nodes may change places as long as each comes after its inputs, and so may the inputs of a node and the
    states of the output: the networks hold the same modules and compute the same function. Operations that
    happen to compute the same are not identified. Of all orders of the nodes the smallest list of nodes is
    taken; inputs and outputs are sorted.
    """
    normal, reduce = (canonical_cell(pairs, output) for _, pairs, output in genotype.cells)
    return Genotype(*normal, *reduce)


def canonical_cell(pairs: Sequence[Pair], concat: Sequence[int]) -> tuple[tuple[Pair, ...], tuple[int, ...]]:
    nodes = [
        (state, pairs[2 * state - 4], pairs[2 * state - 3], concat.count(state))
        for state in range(2, 2 + len(pairs) // 2)
    ]
    order = _smallest(nodes, {0: 0, 1: 1})
    result: list[Pair] = []
    output: list[int] = []
    for state, (first, second, times) in enumerate(order, start=2):
        result += (first, second)
        output += [state] * times
    return tuple(result), tuple(output)


def _smallest(nodes: list[tuple[int, Pair, Pair, int]], named: dict[int, int]) -> list[Key]:
    """The smallest sequence of keys in which these nodes can follow those that are named already.

    Position by position the smallest key that is ready wins. Nodes with equal keys are tried one after the
    other.
    """
    order: list[Key] = []
    while nodes:
        best: Key | None = None
        leaders: list[tuple[int, Pair, Pair, int]] = []
        for node in nodes:
            _, (name_a, a), (name_b, b), times = node
            if a not in named or b not in named:
                continue
            first, second = (name_a, named[a]), (name_b, named[b])
            key = (first, second, times) if first <= second else (second, first, times)
            if best is None or key < best:
                best, leaders = key, [node]
            elif key == best:
                leaders.append(node)
        assert best is not None, "a genotype's nodes come after their inputs"
        order.append(best)
        if len(leaders) == 1 or len(nodes) == len(leaders):
            named[leaders[0][0]] = len(named)
            nodes = [node for node in nodes if node is not leaders[0]]
            continue
        tails = [
            _smallest([n for n in nodes if n is not leader], {**named, leader[0]: len(named)})
            for leader in leaders
        ]
        return order + min(tails)
    return order
