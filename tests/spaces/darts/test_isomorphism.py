import itertools
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.spaces import open_space
from croze.spaces.darts import Darts, Genotype
from croze.spaces.darts.genotype import canonical_cell

seeds = st.integers(0, 2**32)
FEW = ("max_pool_3x3", "sep_conv_3x3")


def orders(pairs):
    """Every order of a cell's nodes in which each comes after its inputs."""
    nodes = range(2, 2 + len(pairs) // 2)
    for order in itertools.permutations(nodes):
        names = {0: 0, 1: 1} | {state: place for place, state in enumerate(order, start=2)}
        sources = {state: [s for _, s in pairs[2 * state - 4 : 2 * state - 2]] for state in nodes}
        if all(names[source] < names[state] for state in nodes for source in sources[state]):
            yield order, names


def renamed(pairs, concat, order, names):
    """The cell with its nodes in this order, the inputs of each sorted."""
    result = []
    for state in order:
        result += sorted((operation, names[s]) for operation, s in pairs[2 * state - 4 : 2 * state - 2])
    return tuple(result), tuple(sorted(names[state] for state in concat))


def by_brute_force(pairs, concat):
    return {renamed(pairs, concat, order, names) for order, names in orders(pairs)}


def with_output_counts(pairs, concat):
    """Node by node what the canonical form is the smallest in."""
    return [(*pairs[2 * s - 4 : 2 * s - 2], concat.count(s)) for s in range(2, 2 + len(pairs) // 2)]


def few_operations(space, seed):
    """A random cell of few operations, in which many nodes are alike."""
    rng = random.Random(seed)
    genotype = space.sample(rng)
    pairs = tuple((rng.choice(FEW[: rng.choice((1, 2))]), source) for _, source in genotype.normal)
    return pairs, genotype.normal_concat


@pytest.mark.parametrize("space", ["darts", "nasnet"])
@given(seed=seeds)
def test_canonical_is_the_smallest_of_all_orders(space, seed):
    for pairs, concat in (
        few_operations(open_space(space), seed),
        (lambda g: (g.reduce, g.reduce_concat))(open_space(space).sample(random.Random(seed))),
    ):
        every = by_brute_force(pairs, concat)
        smallest = min(every, key=lambda cell: with_output_counts(*cell))
        assert {canonical_cell(*cell) for cell in every} == {smallest}
        assert canonical_cell(pairs, concat) == smallest


def test_every_wiring_of_a_darts_cell():
    wirings = itertools.product(*(itertools.combinations(range(2 + node), 2) for node in range(4)))
    found, forced = set(), set()
    for wiring in wirings:
        pairs = tuple(("skip_connect", source) for inputs in wiring for source in inputs)
        found.add(canonical_cell(pairs, (2, 3, 4, 5)))
        forced.add(min(by_brute_force(pairs, (2, 3, 4, 5))))
    assert found == forced
    assert 1 < len(found) < 180


def test_twins_are_told_apart_by_who_reads_them():
    # nodes 2 and 3 are alike; 4 and 5 read the same one of them, or one each
    alike = (("sep_conv_3x3", 0), ("skip_connect", 1)) * 2
    same = (*alike, ("sep_conv_3x3", 2), ("skip_connect", 0), ("sep_conv_3x3", 2), ("max_pool_3x3", 0))
    same_of_other = tuple((o, 3 if s == 2 else s) for o, s in same)
    each = (*same[:6], ("sep_conv_3x3", 3), ("max_pool_3x3", 0))
    assert canonical_cell(same, (2, 3, 4, 5)) == canonical_cell(same_of_other, (2, 3, 4, 5))
    assert canonical_cell(same, (2, 3, 4, 5)) != canonical_cell(each, (2, 3, 4, 5))


@pytest.mark.parametrize("space", ["darts", "nasnet"])
@pytest.mark.parametrize("seed", range(6))
def test_isomorphic_networks_compute_the_same(space, seed):
    rng = random.Random(seed)
    small = open_space(space, layers=5, channels=4)
    genotype = small.sample(rng)
    chosen = {}
    for cell in ("normal", "reduce"):
        pairs = getattr(genotype, cell)
        order, names = rng.choice([*orders(pairs)])
        chosen[cell] = (order, [*getattr(genotype, f"{cell}_concat")], names)
    cells = {c: renamed(getattr(genotype, c), *_with_concat(chosen[c])) for c in chosen}
    twin = Genotype(*cells["normal"], *cells["reduce"])
    assert small.canonical(twin) == small.canonical(genotype)
    ours, theirs = (small.build(g, classes=5, seed=3) for g in (genotype, twin))
    theirs.load_state_dict(carried(ours, genotype, twin, chosen))
    x = torch.rand(2, 3, 16, 16)
    assert torch.allclose(ours.double()(x.double()), theirs.double()(x.double()), rtol=0, atol=1e-9)
    # and in the canonical form no weight is lost or new
    standing = small.build(small.canonical(genotype), classes=5, seed=3)
    assert sorted(p.shape for p in standing.parameters()) == sorted(p.shape for p in ours.parameters())


def _with_concat(choice):
    order, concat, names = choice
    return concat, order, names


def carried(network, genotype, twin, chosen):
    """The weights of the network of `genotype`, each where the network of `twin` has it."""
    state = dict(network.state_dict())
    result = {}
    kinds = ["reduce" if i in (5 // 3, 10 // 3) else "normal" for i in range(5)]
    edges, blocks = {}, {}
    for kind, (order, concat, names) in chosen.items():
        old, new = getattr(genotype, kind), getattr(twin, kind)
        edges[kind] = {}
        for place, state_name in enumerate(order, start=2):
            places = [2 * state_name - 4, 2 * state_name - 3]
            places.sort(key=lambda p, old=old, names=names: (old[p][0], names[old[p][1]]))
            for target, source in zip((2 * place - 4, 2 * place - 3), places, strict=True):
                assert new[target][0] == old[source][0]
                edges[kind][source] = target
        back = {new_name: old_name for old_name, new_name in names.items()}
        # block of the old output that stands in each block of the new one
        blocks[kind] = [concat.index(back[s]) for s in getattr(twin, f"{kind}_concat")]

    def reordered(weight, kind):
        parts = weight.chunk(len(blocks[kind]), dim=1)
        return torch.cat([parts[block] for block in blocks[kind]], dim=1)

    for key, value in state.items():
        parts = key.split(".")
        if parts[0] == "classifier" and value.ndim == 2:
            value = reordered(value, kinds[-1])
        if parts[0] == "cells":
            index = int(parts[1])
            if parts[2] == "_ops":
                parts[3] = str(edges[kinds[index]][int(parts[3])])
            producer = index - (2 if parts[2] == "preprocess0" else 1)
            if parts[2].startswith("preprocess") and value.ndim == 4 and producer >= 0:
                value = reordered(value, kinds[producer])
        result[".".join(parts)] = value
    return result


def test_the_order_of_inputs_and_of_the_output_does_not_count():
    space = Darts()
    genotype = space.sample(random.Random(5))
    swapped = Genotype(
        tuple(genotype.normal[place ^ 1] for place in range(8)), (5, 3, 2, 4), genotype.reduce, (2, 3, 4, 5)
    )
    assert space.parse(str(swapped)) == swapped
    assert space.canonical(swapped) == space.canonical(genotype)
