"""Elitist evolution towards a front."""

import math

import numpy as np

from croze.searching.strategies import NSGA2, RandomSearch
from croze.searching.strategies.pareto import front
from croze.spaces.nasbench201 import NASBench201

SPACE = NASBench201(channels=4, cells=1)
GAIN = {"none": 0, "skip_connect": 3, "nor_conv_1x1": 7, "nor_conv_3x3": 10, "avg_pool_3x3": 2}
COST = {"none": 0, "skip_connect": 1, "nor_conv_1x1": 4, "nor_conv_3x3": 9, "avg_pool_3x3": 3}


def trade(cell):
    """Gain against cost of the operations, weighted by edge: both in [0, 1], in conflict."""
    gain = sum((i + 1) * GAIN[o] for i, o in enumerate(cell.operations)) / 210
    cost = sum((6 - i) ** 2 * COST[o] for i, o in enumerate(cell.operations)) / 819
    return gain, -cost


def hypervolume(merits):
    """The area that the points dominate above (0, -1), two objectives."""
    area, height = 0.0, -1.0
    for gain, saving in sorted((merits[i] for i in front(merits)), reverse=True):
        area += gain * max(saving - height, 0.0)
        height = max(height, saving)
    return area


def tell_next(algorithm, merits):
    architecture = algorithm.ask()
    algorithm.tell(architecture, merits)
    return architecture


def tell_each(algorithm, merits):
    return [tell_next(algorithm, m) for m in merits]


def test_the_hypervolume_by_hand():
    assert hypervolume([(0.5, -0.5), (1.0, -1.0), (0.4, -0.6), (0.25, -0.25)]) == 0.5 * 0.5 + 0.25 * 0.25


def test_it_reaches_a_larger_front_than_random_search_at_the_same_budget(drive):
    reached = {
        kind: np.array(
            [
                hypervolume([trade(c) for c in drive(kind(SPACE, seed), trade, 300, SPACE.canonical)])
                for seed in range(12)
            ]
        )
        for kind in (NSGA2, RandomSearch)
    }
    assert (reached[NSGA2] > reached[RandomSearch]).sum() >= 11
    assert reached[NSGA2].mean() > reached[RandomSearch].mean() + 0.04


def test_the_first_population_is_random(spy_moves):
    algorithm = NSGA2(spy_moves, 0, population=4)
    tell_each(algorithm, [(1.0, 1.0)] * 4)
    assert spy_moves.parents == []
    algorithm.ask()
    assert len(spy_moves.parents) == 1


def parents_of(algorithm, moves, draws=200):
    """How often each member is the parent; answers are failures, which change nothing."""
    moves.parents.clear()
    for _ in range(draws):
        tell_next(algorithm, None)
    return {parent: moves.parents.count(parent) / draws for parent in sorted(set(moves.parents))}


def test_the_earlier_front_wins_a_tournament(spy_moves):
    algorithm = NSGA2(spy_moves, 0, population=4)
    tell_each(algorithm, [(4.0, 4.0), (3.0, 3.0), (2.0, 2.0), (1.0, 1.0)])
    share = parents_of(algorithm, spy_moves, 2000)
    # both drawn with replacement: the best wins unless it is absent from both, and so on
    expected = {1: 7 / 16, 2: 5 / 16, 3: 3 / 16, 4: 1 / 16}
    assert all(math.isclose(share[member], expected[member], abs_tol=0.05) for member in expected)


def test_in_one_front_the_less_crowded_wins(spy_moves):
    algorithm = NSGA2(spy_moves, 0, population=5)
    tell_each(algorithm, [(0.0, 10.0), (5.0, 5.0), (5.1, 4.9), (5.2, 4.8), (10.0, 0.0)])
    share = parents_of(algorithm, spy_moves, 2000)
    assert share[1] + share[5] > 0.55
    assert share[3] < share[2]
    assert share[3] < share[4]


def test_the_best_of_parents_and_children_live_on(spy_moves):
    algorithm = NSGA2(spy_moves, 0, population=3)
    old = tell_each(algorithm, [(5.0, 1.0), (1.0, 1.0), (1.0, 5.0)])
    new = tell_each(algorithm, [(0.0, 0.0), (3.0, 3.0), (0.5, 0.5)])
    assert set(parents_of(algorithm, spy_moves)) == {old[0], old[2], new[1]}


def test_of_the_last_front_that_does_not_fit_the_less_crowded_live_on(spy_moves):
    algorithm = NSGA2(spy_moves, 0, population=3)
    old = tell_each(algorithm, [(0.0, 10.0), (10.0, 0.0), (3.0, 7.0)])
    new = [algorithm.ask() for _ in range(3)]
    for child, merits in zip(new, [(3.1, 6.9), (2.9, 7.1), (7.0, 3.0)], strict=True):
        algorithm.tell(child, merits)
    survivors = set(parents_of(algorithm, spy_moves))
    assert survivors == {old[0], old[1], new[2]}


def test_there_is_a_population_when_enough_have_merits_and_then_each_child_may_join(spy_moves):
    algorithm = NSGA2(spy_moves, 0, population=2)
    tell_each(algorithm, [(1.0, 1.0), None, None])
    assert spy_moves.parents == []
    tell_each(algorithm, [(2.0, 2.0)])
    assert set(parents_of(algorithm, spy_moves)) == {1, 4}
    child = tell_next(algorithm, (3.0, 3.0))
    assert set(parents_of(algorithm, spy_moves)) == {4, child}
    tell_next(algorithm, (0.0, 0.0))
    assert set(parents_of(algorithm, spy_moves)) == {4, child}


def test_new_merits_change_who_lives_on(spy_moves):
    algorithm = NSGA2(spy_moves, 0, population=2)
    old = tell_each(algorithm, [(1.0, 1.0), (2.0, 2.0)])
    child = tell_next(algorithm, (9.0, 9.0))
    algorithm.revise({child: (0.0, 0.0), old[0]: (4.0, 4.0), "nobody": (99.0, 99.0)})
    assert parents_of(algorithm, spy_moves, 400)[old[0]] > 0.6
    last = tell_next(algorithm, (3.0, 3.0))
    assert set(parents_of(algorithm, spy_moves)) == {old[0], last}


def test_one_objective_or_three_will_do(drive):
    def best(merits):
        return [
            max(merits(c)[0] for c in drive(kind(SPACE, 1), merits, 300, SPACE.canonical))
            for kind in (NSGA2, RandomSearch)
        ]

    for merits in (lambda c: trade(c)[:1], lambda c: (*trade(c), float(c.operations.count("none")))):
        by_nsga2, by_chance = best(merits)
        assert by_nsga2 >= by_chance
