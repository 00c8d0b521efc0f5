"""Nothing is proposed twice, and what leads nowhere is left."""

import random

from croze.searching.strategies.base import QUIET, TRIES, Fresh


def test_a_move_is_repeated_until_it_finds_something_new(spy_moves):
    fresh = Fresh(spy_moves, random.Random(0))
    fresh.told("a")
    found = iter("aabac")
    assert [fresh.propose(lambda: next(found)) for _ in range(2)] == ["b", "c"]
    assert "b" in fresh
    assert "d" not in fresh


def test_a_move_that_finds_nothing_new_gives_way_to_a_sample(spy_moves):
    fresh = Fresh(spy_moves, random.Random(0))
    fresh.told("a")
    tried = []
    assert fresh.propose(lambda: tried.append("a") or "a") == 1
    assert len(tried) == TRIES
    assert fresh.propose(lambda: None) == 2


def test_without_an_answer_for_long_every_other_proposal_is_a_sample(spy_moves):
    fresh = Fresh(spy_moves, random.Random(0))
    names = iter(f"child {i}" for i in range(10_000))

    def proposals(count):
        return [isinstance(fresh.propose(lambda: next(names)), int) for _ in range(count)]

    assert not any(proposals(QUIET))
    assert sum(proposals(200)) == 100
    fresh.told("an answer")
    assert not any(proposals(QUIET))
