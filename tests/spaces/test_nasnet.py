import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.nn.count import live_parameter_count, parameter_count
from croze.spaces.darts import Genotype
from croze.spaces.darts.genotype import unused_states
from croze.spaces.genotypes import find
from croze.spaces.nasnet import NASNet

SMALL = NASNet(layers=3, channels=4)
PUBLISHED = [find(name)[1] for name in ("NASNet-A", "AmoebaNet-A")]
seeds = st.integers(0, 2**32)


@pytest.mark.parametrize("genotype", PUBLISHED)
def test_published_outputs_are_the_unused_states(genotype):
    assert unused_states(genotype.normal) == genotype.normal_concat
    assert unused_states(genotype.reduce) == genotype.reduce_concat
    without = Genotype.__str__(genotype).replace(f", normal_concat={list(genotype.normal_concat)}", "")
    assert SMALL.parse(without) == genotype


@given(seeds)
def test_samples_and_children_have_no_dead_node(seed):
    rng = random.Random(seed)
    genotype = SMALL.sample(rng)
    for found in (genotype, SMALL.mutate(genotype, rng)):
        for pairs, output in ((found.normal, found.normal_concat), (found.reduce, found.reduce_concat)):
            assert output == unused_states(pairs)
            assert {*output, *(source for _, source in pairs)} >= {2, 3, 4, 5, 6}


def test_moves():
    genotype = PUBLISHED[0]
    children = SMALL.neighbours(genotype)
    # 20 operations of 7 others; 1 + 2 + 3 + 4 + 5 other states for either input of the five nodes, two cells
    assert len(children) == 20 * 7 + 2 * 2 * 15
    for child in children:
        pairs = zip(genotype.normal + genotype.reduce, child.normal + child.reduce, strict=True)
        assert sum(a != b for a, b in pairs) == 1


def test_an_output_as_it_is_written_and_what_is_dead_then():
    genotype = PUBLISHED[0]
    written = Genotype(genotype.normal, (2, 3), genotype.reduce, (6,))
    assert SMALL.parse(str(written)) == written
    network = SMALL.build(written, classes=10, seed=0)
    x = torch.rand(4, 3, 16, 16)
    assert network.classifier.in_features == 4 * 4
    assert live_parameter_count(network, x) < parameter_count(network)
    assert SMALL.canonical(SMALL.canonical(written)) == SMALL.canonical(written)
    assert SMALL.canonical(written) != SMALL.canonical(genotype)
    with pytest.raises(CrozeError, match=r"states of 2\.\.6, got \[0, 2\]"):
        SMALL.parse(str(written).replace("normal_concat=[2, 3]", "normal_concat=[0, 2]"))


def test_all_eight_operations_can_be_built_at_either_stride():
    for operation in SMALL.operations:
        pairs = tuple((operation, place % 2) for place in range(10))
        genotype = Genotype(pairs, (2, 3, 4, 5, 6), pairs, (2, 3, 4, 5, 6))
        assert SMALL.build(genotype, classes=5, seed=0)(torch.rand(2, 3, 16, 16)).shape == (2, 5)
