import itertools
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.nn.count import flop_count, live_parameter_count, parameter_count, reachable_parameter_count
from croze.spaces.darts import Genotype
from croze.spaces.darts_released import OUTPUTS, SOURCES, DartsReleased
from croze.spaces.genotypes import find

SMALL = DartsReleased(layers=3, channels=4)
_, CIFAR10 = find("CRoZe-CIFAR10")
seeds = st.integers(0, 2**32)


def with_cell(operations, output):
    cell = tuple(zip(operations, SOURCES, strict=True))
    return Genotype(cell, output, cell, output)


def test_samples_are_uniform():
    rng = random.Random(1)
    drawn = [SMALL.sample(rng) for _ in range(3000)]
    for operation in SMALL.operations:
        share = sum(g.normal[7][0] == operation for g in drawn) / len(drawn)
        assert abs(share - 1 / 9) < 0.02
    for state in OUTPUTS:
        assert abs(sum(g.reduce_concat[2] == state for g in drawn) / len(drawn) - 0.25) < 0.03
    assert any(len(set(g.normal_concat)) < 4 for g in drawn)


def test_moves_change_one_operation_or_one_state_of_the_output():
    found = SMALL.neighbours(CIFAR10)
    assert len(found) == 28 * 8 + 8 * 3
    for child in found:
        pairs = zip(CIFAR10.normal + CIFAR10.reduce, child.normal + child.reduce, strict=True)
        output = zip(
            CIFAR10.normal_concat + CIFAR10.reduce_concat,
            child.normal_concat + child.reduce_concat,
            strict=True,
        )
        assert sum(a != b for a, b in itertools.chain(pairs, output)) == 1


def test_dead_nodes_are_built_and_never_run():
    network = SMALL.build(CIFAR10, classes=10, seed=0)
    x = torch.rand(2, 3, 16, 16)
    ran = set()
    for name, module in network.named_modules():
        module.register_forward_pre_hook(lambda m, _, name=name: ran.add(name))
    network(x)
    for cell in range(3):
        for place in range(14):
            # in the reductions, cells 1 and 2, the output leaves out node 4, which no living node reads
            alive = place < 8 and (cell == 0 or place not in (4, 5))
            assert (f"cells.{cell}._ops.{place}" in ran) == alive
    assert live_parameter_count(network, x) < parameter_count(network)
    assert live_parameter_count(network, x) == reachable_parameter_count(network, (3, 16, 16))


def test_a_state_that_stands_twice_in_the_output_counts_twice():
    operations = ("max_pool_3x3",) * 14
    network = SMALL.build(with_cell(operations, (2, 2, 4, 5)), classes=10, seed=0).eval()
    assert network.classifier.in_features == 4 * 16
    seen = []
    network.pool.register_forward_hook(lambda m, i, o: seen.append(o))
    network(torch.rand(2, 3, 16, 16))
    first, second = seen[0].chunk(4, dim=1)[:2]
    assert torch.equal(first, second)


@given(seeds)
def test_the_order_of_the_output_does_not_count(seed):
    rng = random.Random(seed)
    genotype = SMALL.sample(rng)
    standing = SMALL.canonical(genotype)
    assert SMALL.canonical(standing) == standing
    SMALL.check(standing)
    shuffled = Genotype(
        genotype.normal,
        tuple(rng.sample(genotype.normal_concat, 4)),
        genotype.reduce,
        tuple(rng.sample(genotype.reduce_concat, 4)),
    )
    assert SMALL.canonical(shuffled) == standing


@pytest.mark.parametrize("seed", range(4))
def test_networks_that_canonical_identifies_have_one_size(seed):
    genotype = SMALL.sample(random.Random(seed))
    with torch.device("meta"):
        ours, theirs = (SMALL.build(g, classes=7, seed=0) for g in (genotype, SMALL.canonical(genotype)))
    assert genotype != SMALL.canonical(genotype)
    assert parameter_count(ours) == parameter_count(theirs)
    for count in (flop_count, reachable_parameter_count):
        assert count(ours, (3, 32, 32)) == count(theirs, (3, 32, 32))


def test_dead_operations_change_places_and_living_ones_do_not():
    rng = random.Random(2)
    operations = [rng.choice(SMALL.operations) for _ in range(14)]
    operations[8:] = [
        "sep_conv_7x7",
        "avg_pool_3x3",
        "dil_conv_3x3",
        "skip_connect",
        "conv_7x1_1x7",
        "max_pool_3x3",
    ]
    genotype = with_cell(operations, OUTPUTS)
    backwards = with_cell([*operations[:8], *operations[:7:-1]], OUTPUTS)
    assert SMALL.canonical(genotype).normal == SMALL.canonical(backwards).normal
    # in a reduction the skip has parameters where its source is an input: places 9 and 10 of the dead
    assert [SOURCES[place] < 2 for place in range(8, 14)] == [False, True, True, False, False, False]
    assert operations[11] == "skip_connect"
    assert SMALL.canonical(genotype).reduce != SMALL.canonical(backwards).reduce
    elsewhere = [*operations]
    elsewhere[11], elsewhere[13], elsewhere[9], elsewhere[8] = (operations[p] for p in (13, 11, 8, 9))
    assert SMALL.canonical(with_cell(elsewhere, OUTPUTS)) == SMALL.canonical(genotype)
    living = [*operations]
    living[0] = next(o for o in SMALL.operations if o != living[0])
    assert SMALL.canonical(with_cell(living, OUTPUTS)) != SMALL.canonical(genotype)


def test_no_two_living_cells_of_another_function_are_identified():
    # with every node in the output the living operations are all there, in their places
    rng = random.Random(4)
    for _ in range(200):
        genotype = SMALL.sample(rng)
        genotype = Genotype(genotype.normal, OUTPUTS, genotype.reduce, OUTPUTS)
        standing = SMALL.canonical(genotype)
        assert standing.normal[:8] == genotype.normal[:8]
        assert standing.reduce[:8] == genotype.reduce[:8]


def test_nodes_2_and_3_change_places_when_no_other_lives():
    rng = random.Random(3)
    operations = [rng.choice(SMALL.operations) for _ in range(14)]
    exchanged = [*operations[2:4], *operations[:2], *operations[4:]]
    one, other = with_cell(operations, (2, 3, 3, 3)), with_cell(exchanged, (3, 2, 2, 2))
    assert SMALL.canonical(one) == SMALL.canonical(other)
    assert SMALL.canonical(with_cell(exchanged, (2, 3, 3, 3))) != SMALL.canonical(one)
    ours, theirs = (SMALL.build(g, classes=5, seed=0).double() for g in (one, other))
    swap = {"0": "2", "1": "3", "2": "0", "3": "1"}
    state = {}
    for key, value in ours.state_dict().items():
        parts = key.split(".")
        if "_ops" in parts:
            parts[3] = swap.get(parts[3], parts[3])
        # a, b, b, b comes out as b, a, a, a with the names exchanged: the same blocks
        state[".".join(parts)] = value
    theirs.load_state_dict(state)
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    assert torch.allclose(ours(x), theirs(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("normal_concat=[4, 5, 3, 4], ", ""), "normal_concat is missing"),
        (lambda t: t.replace("[4, 5, 3, 4]", "[4, 5, 3]"), "four of the states 2 to 5, got"),
        (lambda t: t.replace("[4, 5, 3, 4]", "[4, 5, 3, 6]"), "four of the states 2 to 5, got"),
        (lambda t: t.replace("('avg_pool_3x3', 0)", "('avg_pool_3x3', 1)", 1), "take the states 0, 1, 0, 1"),
    ],
)
def test_other_cells_are_refused(change, message):
    with pytest.raises(CrozeError, match=message):
        SMALL.parse(change(str(CIFAR10)))
