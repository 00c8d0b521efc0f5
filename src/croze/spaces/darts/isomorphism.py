"""Which genotypes are the same cell with its parts named in another order.

Nodes may change places as long as each still comes after its inputs, the two inputs of a node may change
places, and so may the states of the output: the networks then hold the same modules and, with weights carried
over accordingly, compute the same function. Operations that happen to compute the same are not identified.
"""

from __future__ import annotations

from collections.abc import Sequence

from croze.spaces.darts.genotype import Genotype, Pair

Key = tuple[Pair, Pair, int]
"""A node: its two inputs, the smaller first, and how often it stands in the output."""


def canonical(genotype: Genotype) -> Genotype:
    """The genotype that stands for all isomorphic ones.

    Of all orders of the nodes in which each comes after its inputs it has the one whose list of nodes is the
    smallest; inputs and outputs are sorted.
    """
    normal, normal_concat = canonical_cell(genotype.normal, genotype.normal_concat)
    reduce, reduce_concat = canonical_cell(genotype.reduce, genotype.reduce_concat)
    return Genotype(normal, normal_concat, reduce, reduce_concat)


def canonical_cell(pairs: Sequence[Pair], concat: Sequence[int]) -> tuple[tuple[Pair, ...], tuple[int, ...]]:
    """The same for one cell: its pairs and its output."""
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

    Position by position the smallest key that is ready wins, since every beginning can be completed. Nodes
    with equal keys are tried one after the other: what comes later may tell them apart.
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
