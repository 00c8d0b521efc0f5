import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.paper.simulation import TRIES, best_so_far, models_to_reach, replay

CELLS = 12
accuracies = st.lists(st.floats(0, 1), min_size=1, max_size=30)


class Scripted:
    """Proposes what it was given, then the first of it for ever; writes down what it is told."""

    several = False

    def __init__(self, script):
        self.script = script
        self.asked = 0
        self.told = []

    def ask(self):
        self.asked += 1
        return self.script[self.asked - 1] if self.asked <= len(self.script) else self.script[0]

    def tell(self, architecture, merits):
        self.told.append((architecture, merits))

    def revise(self, merits):
        raise AssertionError("nothing moves")


@given(
    st.lists(st.integers(0, CELLS - 1), min_size=1, max_size=60),
    st.lists(st.integers(0, CELLS - 1), min_size=CELLS, max_size=CELLS),
    st.lists(st.floats(0, 1), min_size=CELLS, max_size=CELLS),
    st.integers(1, CELLS),
)
def test_each_class_is_trained_once_and_told_once(script, chosen, values, budget):
    representative = [
        chosen[place] if chosen[chosen[place]] == chosen[place] else place for place in range(CELLS)
    ]
    algorithm = Scripted(script)
    order = replay(algorithm, values, representative, budget)
    expected = []
    for proposal in script:
        if representative[proposal] not in expected:
            expected.append(representative[proposal])
    assert order == expected[:budget]
    assert algorithm.told == [(cell, (values[cell],)) for cell in order]
    if len(order) == budget:  # it stops at the model that spends the budget
        assert representative[script[algorithm.asked - 1]] == order[-1]
        assert len({representative[proposal] for proposal in script[: algorithm.asked]}) == budget


def test_it_ends_when_nothing_new_comes():
    algorithm = Scripted([2, 2, 1])
    assert replay(algorithm, [0.0] * 3, [0, 1, 2], 3) == [2, 1]
    assert algorithm.asked == 3 + TRIES


def test_the_count_of_misses_begins_anew_with_each_model():
    script = [0] * TRIES + [1] + [0] * (TRIES - 1) + [2]
    assert replay(Scripted(script), [0.0] * 3, [0, 1, 2], 3) == [0, 1, 2]


@given(accuracies, st.integers(0, 20))
def test_the_best_so_far(found, more):
    budget = len(found) + more
    curve = best_so_far(np.array(found), budget).tolist()
    assert curve == [max(found[: i + 1]) for i in range(budget)]


@given(accuracies, st.floats(0, 1))
def test_models_to_reach(found, goal):
    expected = math.inf
    for number, accuracy in enumerate(found, start=1):
        if accuracy >= goal:
            expected = number
            break
    assert models_to_reach(np.array(found), goal) == expected
    reached = best_so_far(np.array(found), len(found)) >= goal
    assert models_to_reach(np.array(found), goal) == (reached.argmax() + 1 if reached.any() else math.inf)


@pytest.mark.parametrize(("goal", "models"), [(0.0, 1), (0.5, 2), (0.5000001, 3), (1.0, math.inf)])
def test_a_goal_is_reached_when_it_is_met(goal, models):
    assert models_to_reach(np.array([0.2, 0.5, 0.7]), goal) == models
