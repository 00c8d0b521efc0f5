import random
from collections import Counter

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.paper.simulation import TabularMoves
from croze.spaces.darts import Darts
from croze.spaces.nasbench201 import NASBench201
from croze.truth import Provenance, Truth, select

SPACE = NASBench201(channels=2, cells=1)


@pytest.fixture(params=["both", "choose", "report"])
def cells(request, small):
    return select(small, half=request.param)


def test_neighbours_are_those_of_the_space_among_the_cells(small, cells):
    moves = TabularMoves(small, SPACE, cells)
    allowed = {small.architectures[i] for i in cells}
    for place in cells[::37].tolist():
        expected = [str(n) for n in SPACE.neighbours(SPACE.parse(small.architectures[place]))]
        found = [small.architectures[i] for i in moves.neighbours(place)]
        assert found == [n for n in expected if n in allowed]
        assert moves.neighbours(place) is moves.neighbours(place)


def test_nothing_else_is_ever_given(small, cells):
    moves, rng = TabularMoves(small, SPACE, cells), random.Random(3)
    allowed = set(cells.tolist())
    for place in cells.tolist():
        assert moves.mutate(place, rng) in allowed
        assert moves.sample(rng) in allowed
        assert small.representative[place] in allowed


def test_every_string_is_drawn_as_often(small, cells):
    moves, rng = TabularMoves(small, SPACE, cells), random.Random(5)
    draws = 200 * len(cells)
    counts = Counter(moves.sample(rng) for _ in range(draws))
    statistic = sum((counts[i] - 200) ** 2 / 200 for i in cells.tolist())
    # chi-squared of k - 1 degrees of freedom: mean k - 1, variance 2 (k - 1)
    assert abs(statistic - (len(cells) - 1)) < 4 * np.sqrt(2 * (len(cells) - 1))


def test_a_mutation_is_any_neighbour_as_often(small, moves):
    rng, place = random.Random(7), 400
    counts = Counter(moves.mutate(place, rng) for _ in range(12000))
    assert sorted(counts) == sorted(moves.neighbours(place))
    assert len(counts) == 12
    statistic = sum((n - 1000) ** 2 / 1000 for n in counts.values())
    assert statistic < 31.3  # chi-squared of 11 degrees of freedom: 0.1% lie above


def test_a_cell_without_neighbours_mutates_into_a_sample(small):
    lonely = [0, len(small) - 1]  # they differ in all six operations
    moves = TabularMoves(small, SPACE, np.array(lonely))
    rng = random.Random(1)
    assert moves.neighbours(0) == []
    assert {moves.mutate(0, rng) for _ in range(50)} == set(lonely)


def test_classes_and_their_members(small, cells):
    moves = TabularMoves(small, SPACE, cells)
    counts = Counter(small.representative[cells].tolist())
    assert dict(zip(moves.representatives.tolist(), moves.members.tolist(), strict=True)) == counts
    assert list(moves.representatives) == sorted(counts)


@pytest.mark.parametrize("strings", [1, 7, 100, 729, 3000])
def test_how_many_classes_a_pool_holds(small, moves, strings):
    rng = np.random.default_rng(2)
    size = min(strings, 729)
    held = [len(set(small.representative[rng.permutation(729)[:size]].tolist())) for _ in range(400)]
    error = np.std(held) / np.sqrt(len(held))
    assert abs(moves.classes_among(strings) - np.mean(held)) <= 4 * error + 1e-9


def test_the_real_space_has_24_neighbours_each(real, real_moves):
    assert (len(real_moves.representatives), len(real_moves.cells)) == (6466, 15625)
    for place in (0, 5000, 15624):
        assert len(set(real_moves.neighbours(place))) == 24


def test_no_cells_and_another_space_are_refused(small):
    with pytest.raises(CrozeError, match="needs cells of small, got none"):
        TabularMoves(small, SPACE, np.array([], dtype=np.int64))
    with pytest.raises(CrozeError, match="of the space nasbench201, got the space darts"):
        TabularMoves(small, Darts(), np.arange(3))


def test_a_truth_of_a_few_cells_is_enough():
    strings = tuple(map(str, (SPACE.sample(random.Random(i)) for i in range(3))))
    truth = Truth("few", "cifar10", strings, np.arange(3), {}, Provenance("memory", {}))
    moves = TabularMoves(truth, SPACE, np.arange(3))
    assert {moves.sample(random.Random(i)) for i in range(30)} == {0, 1, 2}
    assert all(set(moves.neighbours(i)) <= {0, 1, 2} for i in range(3))
