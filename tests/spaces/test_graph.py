"""Architectures as graphs."""

import random

import pytest

from croze.spaces import SPACES, open_space
from croze.spaces.cell_chart import MOST_CELLS, cell_charts
from croze.spaces.darts.genotype import Genotype
from croze.spaces.graph import graphs_of, operation_label
from croze.spaces.robnet.edges import EXAMPLE


def test_cells_become_graphs():
    space = open_space("nasbench201")
    text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|"
    (cell,) = space.graph(space.parse(text))
    assert [(e.source, e.target, e.label) for e in cell.edges] == [
        (0, 1, "conv 3×3"), (0, 2, "none"), (1, 2, "skip"),
        (0, 3, "avg pool"), (1, 3, "conv 1×1"), (2, 3, "none"),
    ]  # fmt: skip
    assert [e.operation for e in cell.edges] == list(space.parse(text).operations)
    pairs = tuple(("sep_conv_5x5", i % 2) for i in range(8))
    normal, reduction = open_space("darts").graph(Genotype(pairs, (2, 3, 4, 5), pairs, (4, 5)))
    assert [e.source for e in normal.edges if e.joined] == [2, 3, 4, 5]
    assert [e.source for e in reduction.edges if e.joined] == [4, 5]
    assert [(e.source, e.target) for e in normal.operations][:4] == [(0, 2), (1, 2), (0, 3), (1, 3)]
    robnet = open_space("robnet")
    (shared,) = robnet.graph(robnet.parse(EXAMPLE))
    assert len(shared.operations) == 14
    assert operation_label("max_pool_3x3") == "max pool 3×3"


@pytest.mark.parametrize("name", SPACES)
def test_different_architectures_have_different_graphs(name):
    space = open_space(name)
    drawn = {space.sample(random.Random(seed)) for seed in range(40)}
    assert len({space.graph(architecture) for architecture in drawn}) == len(drawn)


def test_a_space_without_graphs_has_no_drawing():
    assert graphs_of(object(), "anything") == ()
    assert cell_charts(object(), "anything") == ()
    robnet = open_space("robnet", shared=False)
    architecture = robnet.sample(random.Random(0))
    assert len(robnet.graph(architecture)) == 20
    assert len(cell_charts(robnet, architecture)) == MOST_CELLS
