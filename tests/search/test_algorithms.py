import random
from collections import Counter

import pytest

from croze.errors import CrozeError
from croze.search import ALGORITHMS, RandomSearch, RegularisedEvolution, make_algorithm
from croze.spaces.nasbench201 import Cell, NASBench201

SPACE = NASBench201(channels=4, cells=1)
TARGET = Cell(("nor_conv_3x3", "skip_connect", "nor_conv_1x1", "avg_pool_3x3", "none", "nor_conv_3x3"))


def likeness(cell: Cell) -> float:
    """How many edges agree with the target: one optimum, reached by single moves."""
    return sum(a == b for a, b in zip(cell.operations, TARGET.operations, strict=True))


def asked(algorithm, steps, objective=likeness):
    found = []
    for _ in range(steps):
        cell = algorithm.ask()
        found.append(cell)
        algorithm.tell(cell, objective(cell))
    return found


class SpyMoves:
    """Architectures are numbers in the order of their making; remembers whose child each is."""

    def __init__(self):
        self.made = 0
        self.parents = []

    def sample(self, rng):
        rng.random()
        self.made += 1
        return self.made

    def mutate(self, architecture, rng):
        self.parents.append(architecture)
        self.made += 1
        return self.made


@pytest.fixture(params=ALGORITHMS)
def name(request):
    return request.param


def test_the_seed_decides(name):
    runs = [asked(make_algorithm(name, SPACE, seed), 120) for seed in (5, 5, 6)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_global_random_state_plays_no_part(name):
    random.seed(1)
    before = random.getstate()
    first = asked(make_algorithm(name, SPACE, 5), 80)
    assert random.getstate() == before
    random.seed(2)
    assert asked(make_algorithm(name, SPACE, 5), 80) == first


def test_many_may_be_asked_for_before_any_is_told(name):
    algorithm = make_algorithm(name, SPACE, 0)
    waiting = [algorithm.ask() for _ in range(60)]
    for cell in waiting[::2]:
        algorithm.tell(cell, likeness(cell))
    assert all(isinstance(algorithm.ask(), Cell) for _ in range(60))
    assert len(set(waiting)) > 30


def test_only_failures_end_nothing(name):
    algorithm = make_algorithm(name, SPACE, 0)
    assert len(set(asked(algorithm, 120, objective=lambda cell: None))) > 100


def test_unknown_names_are_listed():
    with pytest.raises(CrozeError, match=r"'evolve'.*evolution, random"):
        make_algorithm("evolve", SPACE, 0)


def test_random_search_does_not_learn():
    told, untold = RandomSearch(SPACE, 3), RandomSearch(SPACE, 3)
    assert asked(told, 50) == [untold.ask() for _ in range(50)]


@pytest.mark.parametrize(("population", "tournament"), [(10, 11), (10, 0), (0, 0), (5, -1)])
def test_the_tournament_must_fit_the_population(population, tournament):
    with pytest.raises(CrozeError, match=f"tournament {tournament}, population {population}"):
        RegularisedEvolution(SPACE, 0, population=population, tournament=tournament)


def test_nothing_is_mutated_before_the_population_is_full():
    moves = SpyMoves()
    algorithm = RegularisedEvolution(moves, 0, population=5, tournament=5)
    asked(algorithm, 5, objective=float)
    assert moves.parents == []
    algorithm.ask()
    assert moves.parents == [5]


def test_the_best_of_the_tournament_is_the_parent():
    moves = SpyMoves()
    algorithm = RegularisedEvolution(moves, 0, population=6, tournament=6)
    values = {1: 0.5, 2: 3.0, 3: -1.0, 4: 2.0, 5: 3.5, 6: 1.0}
    for _ in values:
        cell = algorithm.ask()
        algorithm.tell(cell, values[cell])
    algorithm.ask()
    assert moves.parents == [5]


def test_the_oldest_dies_however_good_it_is():
    moves = SpyMoves()
    algorithm = RegularisedEvolution(moves, 0, population=3, tournament=3)
    for value in (9.0, 1.0, 2.0):
        algorithm.tell(algorithm.ask(), value)
    algorithm.tell(algorithm.ask(), 0.0)  # a child of the best, which leaves now
    for value in (0.0, 0.0):
        algorithm.tell(algorithm.ask(), value)
    assert moves.parents == [1, 3, 3]


def test_a_small_tournament_lets_others_than_the_best_have_children():
    moves = SpyMoves()
    algorithm = RegularisedEvolution(moves, 0, population=10, tournament=2)
    for value in range(10):
        algorithm.tell(algorithm.ask(), float(value))
    for _ in range(600):
        algorithm.ask()  # never told: the population stays as it is
    children = Counter(moves.parents)
    # without replacement the worst never wins, the best wins with probability 1/5
    assert children[1] == 0
    assert 0.14 < children[10] / 600 < 0.26
    assert 0.02 < children[3] / 600 < 0.08


def test_a_failure_is_no_parent():
    moves = SpyMoves()
    algorithm = RegularisedEvolution(moves, 0, population=4, tournament=4)
    for value in (1.0, None, 2.0, None, 0.5, 0.1):
        algorithm.tell(algorithm.ask(), value)
    for _ in range(40):
        cell = algorithm.ask()
        algorithm.tell(cell, None if cell % 2 else 0.0)
    assert moves.parents[0] == 3
    failed = {2, 4} | {cell for cell in range(7, moves.made + 1) if cell % 2}
    assert not failed & set(moves.parents)


def test_equal_values_do_not_stop_it():
    assert len(set(asked(RegularisedEvolution(SPACE, 0), 200, objective=lambda cell: 0.0))) > 100


def test_evolution_climbs_where_random_search_does_not():
    budget = 200
    best = {
        name: [max(map(likeness, asked(make_algorithm(name, SPACE, seed), budget))) for seed in range(12)]
        for name in ALGORITHMS
    }
    assert best["evolution"].count(6) >= 9
    assert best["random"].count(6) <= 3
    assert sum(best["evolution"]) >= sum(best["random"]) + 12


def test_evolution_takes_new_scores_of_its_members():
    moves = SpyMoves()
    algorithm = RegularisedEvolution(moves, 0, population=4, tournament=4)
    for number in range(4):
        algorithm.tell(algorithm.ask(), float(number))
    algorithm.revise({1: 10.0, 99: 50.0})
    algorithm.ask()
    assert moves.parents == [1], "the first has become the best; what is no member is passed over"


def test_scores_that_change_do_not_move_a_random_search():
    plain, revised = (RandomSearch(SPACE, 3) for _ in range(2))
    for _ in range(10):
        cell = revised.ask()
        revised.tell(cell, 1.0)
        revised.revise({cell: 5.0})
        assert cell == plain.ask()
