import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.paper.simulation import BAND, QUANTILES, Curve, quantile

counts = st.lists(st.one_of(st.integers(1, 50), st.just(math.inf)), min_size=1, max_size=40)


@given(counts, st.sampled_from([*QUANTILES, 0.01, 0.99, 1.0]))
def test_a_quantile_is_the_least_number_by_which_so_many_runs_were_there(models, share):
    found = quantile(np.array(models, dtype=float), share)
    assert found in models
    within = [
        n for n in [*range(1, 51), math.inf] if sum(m <= n for m in models) >= share * len(models) - 1e-9
    ]
    assert found == within[0]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.sampled_from([0.1, 0.25, 0.5, 0.75]))
def test_it_is_numpys_inverse_of_the_distribution_function(models, share):
    values = np.array(models, dtype=float)
    if (share * len(models)) % 1 > 1e-6:  # at the steps themselves both round as they like
        assert quantile(values, share) == np.quantile(values, share, method="inverted_cdf")


@pytest.mark.parametrize("missed", range(0, 101, 5))
def test_quantiles_are_infinite_where_too_few_runs_reached_the_goal(missed):
    models = np.array([7.0] * (100 - missed) + [math.inf] * missed)
    curve = Curve("random", "", "clean", np.zeros((100, 3)), models)
    assert curve.missed == missed
    for share, found in curve.quantiles.items():
        assert found == (7 if share * 100 <= 100 - missed else math.inf)


def test_mean_and_band_are_over_the_runs():
    best = np.arange(33, dtype=float).reshape(11, 3)[::-1] / 40
    curve = Curve("evolution+warmup+move", "params", "clean", best, np.full(11, 4.0))
    assert BAND == (0.1, 0.9)
    np.testing.assert_allclose(curve.mean, best[5])
    np.testing.assert_allclose(curve.band[0], best[9])
    np.testing.assert_allclose(curve.band[1], best[1])


@pytest.mark.parametrize(
    ("strategy", "label"),
    [("random", "RAND"), ("evolution+warmup+move", "AE+warmup+move"), ("random+warmup", "RAND+warmup")],
)
def test_labels_are_the_papers(strategy, label):
    assert Curve(strategy, "", "clean", np.zeros((1, 1)), np.ones(1)).label == label


def test_as_json_nothing_is_infinite():
    best = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.5, 0.5]])
    curve = Curve("random", "", "clean", best, np.array([3, math.inf]), ended=1)
    found = curve.to_json(np.array([1, 4]))
    assert found["best_so_far"] == {"mean": [0.3, 0.45], "low": [0.14, 0.41], "high": [0.46, 0.49]}
    assert found["models_to_reach"] == {
        "quantiles": {"0.1": 3, "0.25": 3, "0.5": 3, "0.75": None, "0.9": None},
        "not_reached": 1,
        "runs": [3, None],
    }
    assert (found["guide"], found["label"], found["runs_that_ended_early"]) == (None, "RAND", 1)
