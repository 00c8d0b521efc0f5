"""The pool, its order, and what is handed on."""

from collections import deque

import pytest

from croze.searching.strategies import Move, RandomSearch, RegularisedEvolution, WarmUp, make_algorithm


class SpyInner:
    """Asks for names of its own; keeps what it is told."""

    several = False

    def __init__(self):
        self.told = []
        self.revised = []
        self.asks = 0

    def ask(self):
        self.asks += 1
        return f"inner {self.asks}"

    def tell(self, architecture, merits):
        self.told.append((architecture, merits))

    def revise(self, merits):
        self.revised.append(merits)

    @property
    def joined(self):
        return [(a, merits[0]) for a, merits in self.told if merits is not None]


class SpyGuide:
    def __init__(self, opinion):
        self.opinion = opinion
        self.calls = []

    def __call__(self, architectures):
        self.calls.append(list(architectures))
        return [self.opinion(a) for a in architectures]


def tell_all(algorithm, values):
    for value in values:
        architecture = algorithm.ask()
        algorithm.tell(architecture, None if value is None else (value,))


def test_without_a_guide_the_first_told_are_random_and_the_best_are_handed_on_ascending(spy_moves):
    inner = SpyInner()
    algorithm = WarmUp(inner, spy_moves, 0, pool=6, population=3)
    tell_all(algorithm, [4.0, 1.0, 6.0, None, 2.0])
    assert inner.told == []
    assert inner.asks == 0
    tell_all(algorithm, [5.0])
    assert inner.joined == [(1, 4.0), (6, 5.0), (3, 6.0)]
    assert {a for a, merits in inner.told if merits is None} == {2, 4, 5}, "they are known to it as well"
    assert algorithm.ask() == "inner 1"
    algorithm.tell("inner 1", (0.0,))
    assert inner.told[-1] == ("inner 1", (0.0,))


def test_the_best_of_the_pool_is_the_first_parent_of_a_move_and_the_youngest(spy_moves):
    algorithm = WarmUp(Move(spy_moves, 0, population=2), spy_moves, 0, pool=5, population=2)
    tell_all(algorithm, [4.0, 1.0, 6.0, 3.0, 2.0])
    assert algorithm.ask().startswith("3.")
    algorithm.tell("newcomer", (0.5,))
    algorithm.tell("another", (9.0,))
    algorithm.tell("a third", (0.1,))
    assert algorithm.ask().startswith("another.")


def test_the_population_of_evolution_is_the_best_of_the_pool(spy_moves):
    inner = RegularisedEvolution(spy_moves, 0, population=3, tournament=1)
    algorithm = WarmUp(inner, spy_moves, 0, pool=20, population=3)
    tell_all(algorithm, [float(i * 7 % 20) for i in range(1, 21)])
    assert spy_moves.parents == []
    for _ in range(60):
        algorithm.ask()
    assert set(spy_moves.parents) == {17, 14, 11}, "of 7 i mod 20 the best are 19, 18, 17"


def test_a_pool_that_fails_altogether_hands_on_nothing(spy_moves):
    algorithm = make_algorithm("evolution+warmup", spy_moves, 0, pool=10, population=3, tournament=2)
    tell_all(algorithm, [None] * 30)
    assert spy_moves.parents == []
    tell_all(algorithm, [1.0, 2.0, 3.0, 1.0])
    assert len(spy_moves.parents) == 1


def test_what_was_asked_for_before_the_end_joins_where_it_reaches_the_worst_that_was_handed_on(spy_moves):
    inner = SpyInner()
    algorithm = WarmUp(inner, spy_moves, 0, pool=4, population=2)
    waiting = deque(algorithm.ask() for _ in range(4))
    for value in (1.0, 2.0, 3.0, 4.0):  # 3 more are under way when the pool is full
        algorithm.tell(waiting.popleft(), (value,))
        waiting.append(algorithm.ask())
    assert list(waiting) == [5, 6, 7, "inner 1"]
    assert inner.joined == [(3, 3.0), (4, 4.0)]
    for value in (2.9, 3.5, 3.0, 0.0):
        algorithm.tell(waiting.popleft(), (value,))
    assert inner.told[-4:] == [(5, None), (6, (3.5,)), (7, (3.0,)), ("inner 1", (0.0,))]


def test_the_merits_at_the_end_of_the_warm_up_count(spy_moves):
    inner = SpyInner()
    algorithm = WarmUp(inner, spy_moves, 0, pool=3, population=2)
    tell_all(algorithm, [1.0, 2.0])
    algorithm.revise({1: (7.0,)})
    algorithm.revise({1: (8.0,), 2: (2.5,)})
    assert inner.revised == []
    tell_all(algorithm, [3.0])
    assert inner.joined == [(3, 3.0), (1, 8.0)]
    algorithm.revise({3: (0.0,)})
    assert inner.revised == [{3: (0.0,)}]


@pytest.mark.parametrize("population", [3, None])
def test_a_guide_sees_the_whole_pool_once_and_its_best_are_asked_for_first(spy_moves, population):
    guide = SpyGuide(lambda a: float(a * 7 % 10))
    inner = SpyInner()
    algorithm = WarmUp(inner, spy_moves, 0, pool=10, population=population, guide=guide)
    assert guide.calls == []
    asked = [algorithm.ask() for _ in range(10)]
    assert guide.calls == [list(range(1, 11))]
    assert asked == [7, 4, 1, 8, 5, 2, 9, 6, 3, 10]
    assert [algorithm.ask() for _ in range(2)] == ["inner 1", "inner 2"], "the pool is used up"


def test_what_the_guide_has_no_opinion_of_is_not_asked_for(spy_moves):
    guide = SpyGuide(lambda a: None if a % 2 else float(a))
    algorithm = WarmUp(RandomSearch(spy_moves, 0), spy_moves, 0, pool=7, guide=guide)
    assert [algorithm.ask() for _ in range(6)] == [6, 4, 2, 8, 9, 10]


def test_of_equals_the_first_drawn_comes_first(spy_moves):
    algorithm = WarmUp(SpyInner(), spy_moves, 0, pool=5, guide=SpyGuide(lambda a: float(a > 2)))
    assert [algorithm.ask() for _ in range(5)] == [3, 4, 5, 1, 2]


def test_the_pool_that_a_guide_sees_has_no_architecture_twice(grid):
    guide = SpyGuide(lambda a: 0.0)
    WarmUp(SpyInner(), grid, 0, pool=15, guide=guide).ask()
    (pool,) = guide.calls
    assert len(pool) == len(set(pool)) == 15
    guide.calls.clear()
    WarmUp(SpyInner(), grid, 0, pool=500, guide=guide).ask()
    assert [len(call) for call in guide.calls] == [24], "the space has no more"


def test_with_a_guide_the_told_ones_form_the_population_failures_being_replaced(spy_moves):
    guide = SpyGuide(lambda a: -float(a))
    inner = SpyInner()
    algorithm = WarmUp(inner, spy_moves, 0, pool=10, population=3, guide=guide)
    tell_all(algorithm, [5.0, None, 7.0])
    assert inner.told == []
    assert inner.asks == 0
    tell_all(algorithm, [6.0])
    assert inner.joined == [(1, 5.0), (4, 6.0), (3, 7.0)]
    assert algorithm.ask() == "inner 1"
    assert len(guide.calls) == 1


def test_where_nothing_of_the_pool_succeeds_the_search_goes_on_at_random(spy_moves):
    algorithm = make_algorithm(
        "AE+warmup+move", spy_moves, 0, pool=4, population=3, guide=SpyGuide(lambda a: -float(len(str(a))))
    )
    tell_all(algorithm, [None] * 9)
    assert spy_moves.made == 9
    tell_all(algorithm, [2.0, 3.0, 1.0])
    assert algorithm.ask().startswith("11.")


def test_the_pool_and_the_strategy_after_it_draw_from_different_streams(grid):
    guide = SpyGuide(lambda a: 0.0)
    algorithm = make_algorithm("random+warmup", grid, 3, pool=12, guide=guide)
    pool = [algorithm.ask() for _ in range(12)]
    assert [algorithm.ask() for _ in range(12)] != pool
