"""Sampling around the current best."""

import random

from croze.searching.strategies import Move


def filled(algorithm, values):
    """With a first population of 1, 2, ... that have these values."""
    for value in values:
        architecture = algorithm.ask()
        algorithm.tell(architecture, None if value is None else (value,))
    return algorithm


def test_the_children_are_the_neighbours_of_the_best_and_then_of_the_next(spy_moves):
    algorithm = filled(Move(spy_moves, 0, population=3), [5.0, 7.0, 6.0])
    children = [algorithm.ask() for _ in range(9)]
    assert [sorted(children[i : i + 3]) for i in (0, 3, 6)] == [
        [f"{parent}.{i}" for i in (1, 2, 3)] for parent in (2, 3, 1)
    ]
    assert algorithm.ask() == 4, "when nobody has a neighbour left, a random one"


def test_they_come_in_random_order_without_a_guide(spy_moves):
    first = {filled(Move(spy_moves, seed, population=1), [1.0]).ask()[-1] for seed in range(30)}
    assert first == {"1", "2", "3"}


def test_a_better_child_is_the_next_parent_at_once(spy_moves):
    algorithm = filled(Move(spy_moves, 0, population=2), [1.0, 2.0])
    child = algorithm.ask()
    algorithm.tell(child, (3.0,))
    assert algorithm.ask().startswith(f"{child}.")
    algorithm.tell("worse", (0.0,))
    assert algorithm.ask().startswith(f"{child}."), "a worse one is not"


def test_of_equals_the_younger_is_the_parent(spy_moves):
    algorithm = filled(Move(spy_moves, 0, population=3), [4.0, 4.0, 1.0])
    assert algorithm.ask().startswith("2.")


def test_the_best_leaves_when_it_is_the_oldest(spy_moves):
    algorithm = filled(Move(spy_moves, 0, population=2), [9.0, 1.0])
    assert algorithm.ask().startswith("1.")
    algorithm.tell("newcomer", (2.0,))
    assert algorithm.ask().startswith("newcomer.")


def test_new_merits_make_another_one_the_best(spy_moves):
    algorithm = filled(Move(spy_moves, 0, population=2), [1.0, 2.0])
    algorithm.revise({1: (3.0,), 77: (9.0,)})
    assert algorithm.ask().startswith("1.")


def test_neighbours_that_are_known_are_left_out(spy_moves):
    algorithm = filled(Move(spy_moves, 0, population=1), [1.0])
    algorithm.tell("1.2", None)
    assert sorted(algorithm.ask() for _ in range(2)) == ["1.1", "1.3"]
    assert algorithm.ask() == 2


class SpyGuide:
    """Prefers the digit 3, then 1; has no opinion of 2."""

    def __init__(self):
        self.calls = []

    def __call__(self, architectures):
        self.calls.append(list(architectures))
        return [{"1": 1.0, "2": None, "3": 3.0}[a[-1]] for a in architectures]


def test_a_guide_puts_the_neighbours_in_order_in_one_call_for_each_parent(spy_moves):
    guide = SpyGuide()
    algorithm = filled(Move(spy_moves, 0, population=2, guide=guide), [5.0, 7.0])
    assert guide.calls == []
    assert [algorithm.ask() for _ in range(4)] == ["2.3", "2.1", "1.3", "1.1"]
    assert [sorted(call) for call in guide.calls] == [
        [f"{parent}.{i}" for i in (1, 2, 3)] for parent in (2, 1)
    ]
    assert algorithm.ask() == 3


def test_the_drawn_neighbours_are_all_that_the_guide_sees_of_the_neighbours(spy_moves):
    firsts = set()
    for seed in range(40):
        guide = SpyGuide()
        spy_moves.made = 0
        algorithm = filled(Move(spy_moves, seed, population=1, neighbours_per_parent=2, guide=guide), [5.0])
        first = algorithm.ask()
        firsts.add(first)
        assert [len(call) for call in guide.calls] == [2]
        assert first == ("1.3" if "1.3" in guide.calls[0] else "1.1")
        rest = [algorithm.ask() for _ in range(2)]
        assert rest[0] == ("1.1" if first == "1.3" else "1.3"), "what was not chosen may come later"
        assert rest[1] == spy_moves.made, "then a sample: of 1.2 the guide has no opinion"
    assert firsts == {"1.3", "1.1"}


def test_drawing_all_neighbours_is_drawing_none(spy_moves):
    def asked(count):
        guide = SpyGuide()
        algorithm = filled(Move(spy_moves, 0, population=1, neighbours_per_parent=count, guide=guide), [5.0])
        return [str(algorithm.ask()).rpartition(".")[2] for _ in range(2)]

    assert asked(None) == asked(0) == asked(3) == asked(50) == ["3", "1"]


def test_without_an_opinion_of_any_the_next_best_has_its_turn(spy_moves):
    def guide(architectures):
        return [None if a.startswith("2.") else 0.0 for a in architectures]

    for count in (None, 2):
        algorithm = Move(spy_moves, 0, population=2, neighbours_per_parent=count, guide=guide)
        spy_moves.made = 0
        assert filled(algorithm, [5.0, 7.0]).ask().startswith("1.")


def test_neighbours_are_asked_of_the_space_once_a_parent(spy_moves):
    algorithm = Move(spy_moves, 0, population=5)
    rng = random.Random(0)
    for _ in range(400):
        algorithm.tell(algorithm.ask(), (rng.random(),))
    assert len(spy_moves.expanded) == len(set(spy_moves.expanded)) > 20
    assert len(algorithm._left) <= 11, "those who left are forgotten"
