"""Up one hill, then up another."""

import random
from collections import deque

import pytest

from croze.searching.strategies import LocalSearch, RandomSearch

PLACES = [(x, y) for x in range(12) for y in range(12)]


class Plane:
    """144 places, moves to the sides; begins where it is told to, and keeps the samples."""

    def __init__(self, *starts):
        self.starts = deque(starts)
        self.samples = []

    def sample(self, rng):
        drawn = (rng.randrange(12), rng.randrange(12))
        place = self.starts.popleft() if self.starts else drawn
        self.samples.append(place)
        return place

    def neighbours(self, place):
        x, y = place
        return [n for n in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)) if n in PLACES]


class Graph(Plane):
    """Named places with these neighbours."""

    def __init__(self, edges, *starts):
        super().__init__(*starts)
        self.edges = edges

    def neighbours(self, place):
        return list(self.edges[place])


def two_hills(place):
    """Tops at (2, 2) and, higher, at (9, 9); no two places are equal."""
    x, y = place
    return max(10 - abs(x - 2) - abs(y - 2), 14 - abs(x - 9) - abs(y - 9)) + 0.01 * x + 0.0007 * y


def merits(place):
    return (two_hills(place),)


def steps(algorithm, count, objective=two_hills):
    asked = []
    for _ in range(count):
        place = algorithm.ask()
        asked.append(place)
        value = objective(place)
        algorithm.tell(place, None if value is None else (value,))
    return asked


@pytest.mark.parametrize("seed", range(10))
def test_one_by_one_all_neighbours_are_asked_for_then_the_best_is_next_and_from_the_top_it_starts_anew(seed):
    space = Plane((0, 4), (11, 7))
    asked = deque(steps(LocalSearch(space, seed), 60))
    known = set()
    for start, top in (((0, 4), (2, 2)), ((11, 7), (9, 9))):
        assert asked.popleft() == start
        known.add(start)
        point, best = None, start
        while best != point:
            point = best
            around = set(space.neighbours(point)) - known
            assert {asked.popleft() for _ in around} == around
            known |= around
            best = max([point, *space.neighbours(point)], key=two_hills)
        assert point == top
    assert asked[0] == space.samples[2]


def test_neighbours_come_in_random_order():
    orders = {tuple(steps(LocalSearch(Plane((5, 5)), seed), 5)[1:]) for seed in range(40)}
    assert len(orders) > 12
    assert len({frozenset(order) for order in orders}) == 1


def test_failed_neighbours_do_not_count():
    space = Plane((5, 5))
    asked = steps(LocalSearch(space, 0), 20, lambda place: 1.0 if place == (5, 5) else None)
    assert set(asked[1:5]) == set(space.neighbours((5, 5)))
    assert asked[5:] == space.samples[1:], "then it starts anew until something succeeds"


def test_neighbours_that_are_never_told_are_not_waited_for():
    space = Plane((5, 5), (0, 0), (11, 11))
    algorithm = LocalSearch(space, 0)
    algorithm.tell(algorithm.ask(), (3.0,))
    assert {algorithm.ask() for _ in range(4)} == set(space.neighbours((5, 5)))
    assert algorithm.ask() == (0, 0)
    algorithm.tell((0, 0), (1.0,))  # what came after the neighbours is told, so they never will be
    assert algorithm.ask() == (11, 11)
    algorithm.tell((11, 11), (2.0,))
    assert {algorithm.ask() for _ in range(2)} == set(space.neighbours((11, 11)))


def test_however_many_are_under_way_it_waits_for_a_bounded_number_of_answers(monkeypatch):
    patience = 64
    monkeypatch.setattr("croze.searching.strategies.local_search.PATIENCE", patience)
    space = Plane(*[(5, 5)] * 500)
    algorithm = LocalSearch(space, 0)
    for _ in range(500):
        algorithm.ask()
    algorithm.tell((5, 5), (9.0,))
    assert {algorithm.ask() for _ in range(4)} == set(space.neighbours((5, 5)))
    for i in range(patience):
        algorithm.ask()
        algorithm.tell(f"known under another name {i}", (1.0,))
    algorithm.ask()
    algorithm.tell((0, 0), (2.0,))
    assert {algorithm.ask() for _ in range(2)} == {(0, 1), (1, 0)}, "a new start, if worse than the last top"


def test_with_many_under_way_it_climbs_by_what_is_told_and_fills_up_with_samples():
    space = Plane(*[(4, 2)] * 8)
    algorithm = LocalSearch(space, 0)
    for _ in range(8):
        algorithm.ask()
    algorithm.tell((4, 2), merits((4, 2)))
    assert {algorithm.ask() for _ in range(4)} == {(3, 2), (5, 2), (4, 1), (4, 3)}
    algorithm.ask()
    assert len(space.samples) == 9, "nothing better is known yet"
    algorithm.tell((3, 2), merits((3, 2)))
    assert {algorithm.ask() for _ in range(3)} == {(2, 2), (3, 1), (3, 3)}


@pytest.mark.parametrize(("block", "budget"), [(1, 60), (4, 60), (16, 100)])
def test_the_top_is_found_however_many_are_under_way(block, budget, drive):
    for seed in range(10):
        assert (9, 9) in drive(LocalSearch(Plane(), seed), merits, budget, block=block)


EDGES = {
    "first": ["known", "top"],
    "top": ["first"],
    "second": ["known", "low"],
    "known": ["first", "second", "beyond"],
    "beyond": ["known"],
    "third": [],
}
VALUES = {"first": 1.0, "top": 9.0, "second": 2.0, "low": 0.0, "known": 3.0, "beyond": 2.5, "third": 0.0}


def test_a_neighbour_that_is_known_counts_with_the_merit_it_has():
    algorithm = LocalSearch(Graph(EDGES, "first", "second", "third"), 0)
    asked = steps(algorithm, 7, VALUES.get)
    assert set(asked[1:3]) == {"known", "top"}
    assert asked[3:] == ["second", "low", "beyond", "third"], "from the second it moves to the known one"


def test_new_merits_decide_where_it_moves():
    algorithm = LocalSearch(Graph(EDGES, "first", "second", "third"), 0)
    assert steps(algorithm, 5, VALUES.get)[3:] == ["second", "low"]
    algorithm.revise({"known": (1.5,), "top": (9.5,)})
    assert algorithm.ask() == "third"


def test_no_place_but_a_random_start_is_asked_for_twice():
    rng = random.Random(1)
    rugged = {place: rng.random() for place in PLACES}
    space = Plane()
    asked = steps(LocalSearch(space, 0), 300, rugged.get)
    twice = {place for place in asked if asked.count(place) > 1}
    assert twice <= set(space.samples)


def test_it_climbs_better_than_random_search(drive):
    def total(kind):
        return sum(max(map(two_hills, drive(kind(Plane(), seed), merits, 40, block=1))) for seed in range(30))

    assert total(LocalSearch) > total(RandomSearch) + 15
