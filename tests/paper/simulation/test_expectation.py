import math
import random
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nhypergeom

from croze.paper.simulation import expected_models, models_to_reach, replay, seed_of
from croze.searching.strategies import make_algorithm


@pytest.mark.parametrize(("classes", "above"), [(1, 1), (2, 1), (50, 3), (6466, 290), (6466, 84), (30, 30)])
def test_with_one_string_a_class_it_is_negative_hypergeometric(classes, above):
    found = expected_models(np.ones(classes, dtype=np.int64), np.arange(classes) < above)
    assert found == pytest.approx((classes + 1) / (above + 1), rel=1e-12)
    if above < classes:
        assert found == pytest.approx(1 + nhypergeom.mean(classes, classes - above, 1), rel=1e-9)


def by_enumeration(members, above):
    """The mean over all orders in which strings can be drawn, skipping known classes, as a fraction."""

    @cache
    def rest(left):
        total = sum(members[i] for i in left)
        mean = Fraction(1)
        for i in left:
            if not above[i]:
                mean += Fraction(members[i], total) * rest(tuple(j for j in left if j != i))
        return mean

    return rest(tuple(range(len(members))))


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=7))
def test_it_is_the_mean_over_all_orders(classes):
    members, above = zip(*classes, strict=True)
    found = expected_models(np.array(members), np.array(above))
    assert found == (pytest.approx(float(by_enumeration(members, above))) if any(above) else math.inf)


def deviation(members, above):
    """Of the number of models, from the chances that the clocks of two classes both ring too late."""
    together = members[above].sum()
    sizes, counts = np.unique(members[~above], return_counts=True)
    later = together / (together + sizes)
    both_later = together / (together + sizes[:, None] + sizes[None, :])
    covariance = both_later - np.outer(later, later)
    own = later * (1 - later)
    variance = counts @ covariance @ counts + (counts * (own - np.diag(covariance))).sum()
    return math.sqrt(variance)


def test_the_deviation_is_that_of_the_negative_hypergeometric_distribution():
    above = np.arange(40) < 3
    assert deviation(np.ones(40, dtype=np.int64), above) == pytest.approx(nhypergeom.std(40, 37, 1))


def reached(make, moves, target):
    """Models to reach the target; the long run begins like the short one, which is mostly enough."""
    for budget in (150, 2000):
        order = replay(make(), target.values.tolist(), moves.representative, budget)
        models = models_to_reach(target.values[order], target.goal)
        if models < math.inf:
            break
    return models


@pytest.mark.parametrize("column", [0, 1])
def test_random_search_on_the_real_truth_needs_as_many(real_moves, real_targets, column):
    target, runs = real_targets[column], 250
    above = target.above(real_moves.representatives)
    found = [
        reached(lambda r=run: make_algorithm("random", real_moves, seed_of(1, r)), real_moves, target)
        for run in range(runs)
    ]
    error = deviation(real_moves.members, above) / math.sqrt(runs)
    expected = expected_models(real_moves.members, above)
    assert abs(np.mean(found) - expected) < 4 * error
    assert error < 0.07 * expected


@pytest.mark.parametrize("column", [0, 1])
def test_a_warm_up_by_a_guide_that_guesses_needs_as_many(real_moves, real_targets, column):
    target, runs = real_targets[column], 100
    above = target.above(real_moves.representatives)

    def make(run):
        rng = random.Random(f"guess {run}")
        guess = lambda strings: [rng.random() for _ in strings]  # noqa: E731
        return make_algorithm("random+warmup", real_moves, seed_of(2, run), guide=guess)

    found = [reached(lambda r=run: make(r), real_moves, target) for run in range(runs)]
    error = deviation(real_moves.members, above) / math.sqrt(runs)
    assert abs(np.mean(found) - expected_models(real_moves.members, above)) < 4 * error
