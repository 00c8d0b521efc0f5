"""What holds for every strategy."""

import random

import pytest

from croze.searching.strategies import ALGORITHMS, make_algorithm, settings_of
from croze.spaces.nasbench201 import Cell, NASBench201

SPACE = NASBench201(channels=4, cells=1)
TARGET = Cell(("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "avg_pool_3x3", "none", "nor_conv_3x3"))


def likeness(cell):
    """How many edges agree with the target."""
    return (float(sum(a == b for a, b in zip(cell.operations, TARGET.operations, strict=True))),)


def one_by_one(algorithm, steps, objective=likeness):
    found = []
    for _ in range(steps):
        cell = algorithm.ask()
        found.append(cell)
        algorithm.tell(cell, objective(cell))
    return found


def test_the_seed_decides(strategy):
    runs = [one_by_one(strategy(SPACE, seed), 120) for seed in (5, 5, 6)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_seed_decides_with_many_under_way(strategy, drive):
    runs = [drive(strategy(SPACE, seed), likeness, 120, SPACE.canonical) for seed in (5, 5, 6)]
    assert runs[0] == runs[1]
    assert len(runs[0]) == 120
    assert runs[0] != runs[2]


def test_the_global_random_state_plays_no_part(strategy):
    random.seed(1)
    before = random.getstate()
    first = one_by_one(strategy(SPACE, 5), 80)
    assert random.getstate() == before
    random.seed(2)
    assert one_by_one(strategy(SPACE, 5), 80) == first


def test_many_may_be_asked_for_before_any_is_told(strategy):
    algorithm = strategy(SPACE, 0)
    waiting = [algorithm.ask() for _ in range(60)]
    for cell in waiting[::2]:
        algorithm.tell(cell, likeness(cell))
    assert all(isinstance(algorithm.ask(), Cell) for _ in range(60))
    assert len(set(waiting)) > 30


def test_nothing_needs_to_be_told_at_all(strategy):
    algorithm = strategy(SPACE, 0)
    assert len({algorithm.ask() for _ in range(700)}) > 500


def test_only_failures_end_nothing(strategy, drive):
    algorithm = strategy(SPACE, 0)
    assert len(set(one_by_one(algorithm, 120, lambda cell: None))) > 100
    assert len(drive(strategy(SPACE, 1), lambda cell: None, 300, SPACE.canonical)) == 300


@pytest.mark.parametrize("block", [1, 16])
def test_a_tiny_space_is_exhausted(strategy, drive, grid, block):
    for seed in range(5):
        told = drive(strategy(grid, seed), lambda place: (float(sum(place)),), 100, block=block)
        assert len(set(told)) == len(told) == 24


def test_moves_that_find_nothing_new_do_not_hold_it_up(strategy, drive, renaming):
    """All children of all parents are known under another name: samples of the space must find the rest."""
    told = drive(strategy(renaming, 0), lambda a: (float(a[0]),), 100, renaming.canonical)
    assert len(told) == 24


def test_what_breaks_a_limit_and_is_never_told_does_not_hold_it_up(strategy, drive):
    def small(cell):
        return cell.operations.count("nor_conv_3x3") <= 1

    told = drive(strategy(SPACE, 0), likeness, 300, SPACE.canonical, admissible=small)
    assert len(told) == 300
    assert all(map(small, told))


def test_revised_merits_are_taken_whoever_they_belong_to(strategy):
    algorithm = strategy(SPACE, 0)
    found = []
    for _ in range(60):
        cell = algorithm.ask()
        algorithm.revise({c: (-likeness(c)[0],) for c in found})
        algorithm.tell(cell, likeness(cell))
        found.append(cell)
    assert len(set(found)) > 40


def test_only_random_search_and_nsga2_weigh_several_objectives(strategy, request):
    name = request.node.callspec.id.removesuffix(" with a guide")
    assert strategy(SPACE, 0).several is (name in ("random", "random+warmup", "nsga2"))


def test_every_strategy_goes_by_its_defaults():
    for name in ALGORITHMS:
        guide = (lambda cells: [0.0] * len(cells)) if name == "random+warmup" else None
        assert isinstance(make_algorithm(name, SPACE, 0, guide=guide, **settings_of(name)).ask(), Cell)
