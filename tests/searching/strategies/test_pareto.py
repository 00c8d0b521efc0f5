"""Fronts and crowding against definitions written out."""

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from croze.searching.strategies.pareto import crowding, front, fronts

FEW = st.sampled_from([0.0, 1.0, 2.0, 3.0])  # ties and equal points abound
ANY = st.floats(-1e6, 1e6)


def points(elements, objectives=4):
    return st.integers(1, objectives).flatmap(
        lambda k: st.integers(0, 40).flatmap(lambda n: arrays(float, (n, k), elements=elements))
    )


def dominates(a, b):
    return all(x >= y for x, y in zip(a, b, strict=True)) and any(x > y for x, y in zip(a, b, strict=True))


def fronts_by_definition(merits):
    left, found = set(range(len(merits))), []
    while left:
        best = {i for i in left if not any(dominates(merits[j], merits[i]) for j in left)}
        found.append(sorted(best))
        left -= best
    return found


@given(points(FEW) | points(ANY))
def test_fronts_are_those_of_the_definition(merits):
    expected = fronts_by_definition(merits.tolist())
    assert fronts(merits) == expected
    assert front(merits) == (expected[0] if expected else [])


@given(points(FEW | st.just(math.inf) | st.just(-math.inf)))
def test_infinite_merits_are_merits(merits):
    assert fronts(merits) == fronts_by_definition(merits.tolist())


def test_lists_are_taken_as_well_and_plain_integers_given():
    merits = [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (2.0, 1.0)]
    assert front(merits) == [0, 1, 3]
    assert fronts(merits) == [[0, 1, 3], [2]]
    assert all(type(index) is int for level in fronts(merits) for index in level)
    assert front([]) == fronts([]) == fronts(np.empty((0, 2))) == []
    assert crowding([]).tolist() == []


def crowding_by_definition(merits):
    distance = [0.0] * len(merits)
    for objective in range(len(merits[0])):
        order = sorted(range(len(merits)), key=lambda i: merits[i][objective])
        low, high = merits[order[0]][objective], merits[order[-1]][objective]
        if low == high:
            continue
        distance[order[0]] = distance[order[-1]] = math.inf
        for before, here, after in zip(order, order[1:], order[2:], strict=False):
            distance[here] += (merits[after][objective] - merits[before][objective]) / (high - low)
    return distance


@given(points(FEW).filter(len) | points(st.integers(-1000, 1000).map(float)).filter(len))
def test_crowding_is_that_of_the_definition(merits):
    assert crowding(merits) == pytest.approx(crowding_by_definition(merits.tolist()), rel=1e-12)


def test_crowding_of_a_front_by_hand():
    # range 10 in both: the second has neighbours 0 and 5 away in the first, 10 and 4 in the second
    merits = [(0.0, 10.0), (1.0, 9.0), (5.0, 4.0), (10.0, 0.0)]
    assert crowding(merits).tolist() == [math.inf, 0.5 + 0.6, 0.9 + 0.9, math.inf]
    assert crowding([(1.0, 1.0)] * 3).tolist() == [0.0] * 3, "equal points are no distance apart"
    assert crowding([(1.0, 5.0), (2.0, 5.0)]).tolist() == [math.inf] * 2


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_the_front_of_a_hundred_thousand_points_takes_under_a_second(objectives):
    merits = np.random.default_rng(0).normal(size=(100_000, objectives))
    before = time.perf_counter()
    chosen = front(merits)
    assert time.perf_counter() - before < 1.0
    members = merits[chosen]
    assert all(not ((merits >= m).all(1) & (merits > m).any(1)).any() for m in members)


def test_where_all_points_are_in_the_front_of_two_it_takes_no_longer():
    angle = np.random.default_rng(0).uniform(0, math.pi / 2, 100_000)
    merits = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    before = time.perf_counter()
    assert len(front(merits)) == 100_000
    assert time.perf_counter() - before < 1.0
