"""The size space of NATS-Bench: parameters that its archive states, its numbering, its notation."""

import random

import pytest

from croze.errors import CrozeError
from croze.nn.count import parameter_count
from croze.spaces import open_space
from croze.spaces.nasbench201.cell import EDGES, Cell
from croze.spaces.nats_size import CELL, Widths

SPACE = open_space("nats-sss")


@pytest.mark.parametrize(
    ("text", "number", "params"),
    [("8:8:8:8:8", 0, 11_714), ("8:8:16:40:40", None, 107_826), ("64:64:64:64:64", 32_767, 713_674)],
)
def test_parameters_and_numbers_are_those_of_the_archive(text, number, params):
    widths = SPACE.parse(text)
    assert parameter_count(SPACE.build(widths, classes=10, seed=0)) == params
    assert number is None or widths.number == number


def test_numbers_and_texts_name_the_same_architectures():
    for widths in (SPACE.sample(random.Random(seed)) for seed in range(50)):
        assert SPACE.parse(str(widths)) == SPACE.parse(str(widths.number)) == widths
    assert SPACE.parse("9") == Widths((8, 8, 8, 16, 16))


def test_at_equal_widths_the_network_is_that_of_the_topology_space():
    """The same cell in both spaces, one a stage; there widths double, so only the first stage is alike."""
    cell = open_space("nasbench201", channels=16, cells=1).parse(CELL)
    assert cell == Cell(("nor_conv_3x3",) * 3 + ("skip_connect",) + ("nor_conv_3x3",) * 2)
    assert len(EDGES) == 6
    doubled = SPACE.build(SPACE.parse("16:32:32:64:64"), classes=10, seed=0)
    topology = open_space("nasbench201", channels=16, cells=1).build(cell, classes=10, seed=0)
    assert parameter_count(doubled) == parameter_count(topology)


@pytest.mark.parametrize(
    "text", ["8:8:8:8", "8:8:8:8:9", "32768", "8:8:8:8:8:8", "a:8:8:8:8", "", "-1", "1" * 400]
)
def test_other_texts_are_refused(text):
    with pytest.raises(CrozeError, match=r"this space|size space"):
        SPACE.parse(text)
