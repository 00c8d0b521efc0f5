"""Regularised evolution, and random search beside it."""

from collections import Counter

import pytest

from croze.errors import CrozeError
from croze.searching.strategies import RandomSearch, RegularisedEvolution
from croze.spaces.nasbench201 import Cell, NASBench201

SPACE = NASBench201(channels=4, cells=1)
TARGET = Cell(("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "avg_pool_3x3", "none", "nor_conv_3x3"))


def likeness(cell: Cell) -> float:
    """How many edges agree with the target: one optimum, reached by single spy_moves."""
    return sum(a == b for a, b in zip(cell.operations, TARGET.operations, strict=True))


def asked(algorithm, steps, objective=likeness):
    found = []
    for _ in range(steps):
        cell = algorithm.ask()
        found.append(cell)
        value = objective(cell)
        algorithm.tell(cell, None if value is None else (float(value),))
    return found


def tell_next(algorithm, value):
    algorithm.tell(algorithm.ask(), None if value is None else (value,))


def test_random_search_does_not_learn():
    told, untold = RandomSearch(SPACE, 3), RandomSearch(SPACE, 3)
    assert asked(told, 50) == [untold.ask() for _ in range(50)]


@pytest.mark.parametrize(("population", "tournament"), [(10, 11), (10, 0), (0, 0), (5, -1)])
def test_the_tournament_must_fit_the_population(population, tournament):
    with pytest.raises(CrozeError, match=f"tournament {tournament}, population {population}"):
        RegularisedEvolution(SPACE, 0, population=population, tournament=tournament)


def test_nothing_is_mutated_before_the_population_is_full(spy_moves):
    algorithm = RegularisedEvolution(spy_moves, 0, population=5, tournament=5)
    asked(algorithm, 5, objective=float)
    assert spy_moves.parents == []
    algorithm.ask()
    assert spy_moves.parents == [5]


def test_the_best_of_the_tournament_is_the_parent(spy_moves):
    algorithm = RegularisedEvolution(spy_moves, 0, population=6, tournament=6)
    values = {1: 0.5, 2: 3.0, 3: -1.0, 4: 2.0, 5: 3.5, 6: 1.0}
    for _ in values:
        cell = algorithm.ask()
        algorithm.tell(cell, (values[cell],))
    algorithm.ask()
    assert spy_moves.parents == [5]


def test_the_oldest_dies_however_good_it_is(spy_moves):
    algorithm = RegularisedEvolution(spy_moves, 0, population=3, tournament=3)
    for value in (9.0, 1.0, 2.0):
        tell_next(algorithm, value)
    tell_next(algorithm, 0.0)  # a child of the best, which leaves now
    for value in (0.0, 0.0):
        tell_next(algorithm, value)
    assert spy_moves.parents == [1, 3, 3]


def test_a_small_tournament_lets_others_than_the_best_have_children(spy_moves):
    algorithm = RegularisedEvolution(spy_moves, 0, population=10, tournament=2)
    for value in range(10):
        tell_next(algorithm, float(value))
    for _ in range(600):
        tell_next(algorithm, None)  # a failure: the population stays as it is
    children = Counter(spy_moves.parents)
    # without replacement the worst never wins, the best wins with probability 1/5
    assert children[1] == 0
    assert 0.14 < children[10] / 600 < 0.26
    assert 0.02 < children[3] / 600 < 0.08


def test_a_failure_is_no_parent(spy_moves):
    algorithm = RegularisedEvolution(spy_moves, 0, population=4, tournament=4)
    for value in (1.0, None, 2.0, None, 0.5, 0.1):
        tell_next(algorithm, value)
    for _ in range(40):
        cell = algorithm.ask()
        algorithm.tell(cell, None if cell % 2 else (0.0,))
    assert spy_moves.parents[0] == 3
    failed = {2, 4} | {cell for cell in range(7, spy_moves.made + 1) if cell % 2}
    assert not failed & set(spy_moves.parents)


def test_equal_values_do_not_stop_it():
    assert len(set(asked(RegularisedEvolution(SPACE, 0), 200, objective=lambda cell: 0.0))) > 100


def test_evolution_climbs_where_random_search_does_not():
    best = {
        kind: [max(map(likeness, asked(kind(SPACE, seed), 200))) for seed in range(12)]
        for kind in (RegularisedEvolution, RandomSearch)
    }
    assert best[RegularisedEvolution].count(6) >= 9
    assert best[RandomSearch].count(6) <= 3
    assert sum(best[RegularisedEvolution]) >= sum(best[RandomSearch]) + 12


def test_the_children_of_a_full_population_are_new():
    """As many are drawn again as a search would have skipped: nothing else is different."""
    cells = asked(RegularisedEvolution(SPACE, 3, population=10, tournament=5), 120)
    assert len(set(cells[10:])) == 110
    assert not set(cells[:10]) & set(cells[10:])


def test_evolution_takes_new_scores_of_its_members(spy_moves):
    algorithm = RegularisedEvolution(spy_moves, 0, population=4, tournament=4)
    for number in range(4):
        tell_next(algorithm, float(number))
    algorithm.revise({1: (10.0,), 99: (50.0,)})
    algorithm.ask()
    assert spy_moves.parents == [1], "the first has become the best; what is no member is passed over"


def test_scores_that_change_do_not_move_a_random_search():
    plain, revised = (RandomSearch(SPACE, 3) for _ in range(2))
    for _ in range(10):
        cell = revised.ask()
        revised.tell(cell, (1.0,))
        revised.revise({cell: (5.0,)})
        assert cell == plain.ask()
