"""Oracles: every order of equal scores written out, and scikit-learn's ndcg_score."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from croze.errors import CrozeError
from croze.stats import (
    best_of_random,
    best_of_top,
    chance_at,
    drawn_counts,
    ndcg_at,
    picked,
    precision_at,
    random_ndcg_at,
)

small = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
        st.integers(1, n),
    )
)


def one(n: int) -> np.ndarray:
    return np.ones((1, n))


def orders(score: list[int]) -> list[tuple[int, ...]]:
    """Every order with the highest score first."""
    n = len(score)
    return [p for p in permutations(range(n)) if all(score[a] >= score[b] for a, b in pairwise(p))]


@settings(max_examples=60)
@given(small)
def test_figures_are_means_over_every_order_of_equal_scores(case: tuple[list[int], list[int], int]) -> None:
    score, truth, k = case
    n = len(score)
    found = (
        precision_at(score, truth, k, one(n))[0],
        best_of_top(score, truth, k),
        picked(score, truth, one(n)),
    )
    if len(set(score)) == 1:
        assert np.isnan([found[0], found[1], found[2][0][0]]).all()
        return
    least = sorted(truth)[-k]
    every = orders(score)
    assert found[0] == pytest.approx(
        np.mean([np.mean([truth[i] >= least for i in o[:k]]) for o in every]), abs=1e-12
    )
    assert found[1] == pytest.approx(np.mean([max(truth[i] for i in o[:k]) for o in every]), abs=1e-12)
    assert found[2][0][0] == pytest.approx(np.mean([truth[o[0]] for o in every]), abs=1e-12)
    assert found[2][1][0] == score.count(max(score))
    random = [max(truth[i] for i in chosen) for chosen in combinations(range(n), k)]
    assert best_of_random(truth, k) == pytest.approx(np.mean(random), abs=1e-12)
    assert chance_at(truth, k, one(n))[0] == pytest.approx(np.mean([t >= least for t in truth]), abs=1e-12)


@given(
    st.integers(2, 30).flatmap(
        lambda n: st.tuples(
            st.lists(st.integers(0, 5), min_size=n, max_size=n),
            st.lists(st.integers(0, 9).map(lambda v: v / 10), min_size=n, max_size=n),
            st.integers(1, n),
        )
    )
)
def test_ndcg_is_that_of_scikit_learn(case: tuple[list[int], list[float], int]) -> None:
    score, gain, k = case
    found = ndcg_at(score, gain, k, one(len(score)))[0]
    if len(set(score)) == 1 or max(gain) == 0:
        assert np.isnan(found)
        return
    assert found == pytest.approx(ndcg_score([gain], [score], k=k), abs=1e-12)
    flat = ndcg_score([gain], [[0] * len(score)], k=k)  # one run of equals: the mean over all orders
    assert random_ndcg_at(gain, k, one(len(score)))[0] == pytest.approx(flat, abs=1e-12)


@pytest.mark.parametrize("k", [1, 7, 50])
def test_resamples_equal_what_is_written_out(k: int) -> None:
    rng = np.random.default_rng(k)
    n = 120
    score, truth = rng.integers(0, 30, n).astype(float), rng.random(n).round(2)
    counts = drawn_counts(n, 8, seed=2)
    for b, count in enumerate(counts):
        drawn = np.repeat(np.arange(n), count.astype(int))
        x, y, plain = score[drawn], truth[drawn], one(n)
        assert precision_at(score, truth, k, counts)[b] == pytest.approx(
            precision_at(x, y, k, plain)[0], abs=1e-12
        )
        assert chance_at(truth, k, counts)[b] == pytest.approx(chance_at(y, k, plain)[0], abs=1e-12)
        assert ndcg_at(score, truth, k, counts)[b] == pytest.approx(ndcg_score([y], [x], k=k), abs=1e-12)
        flat = random_ndcg_at(y, k, plain)[0]
        assert random_ndcg_at(truth, k, counts)[b] == pytest.approx(flat, abs=1e-12)
        assert picked(score, truth, counts)[0][b] == pytest.approx(y[x == x.max()].mean(), abs=1e-12)


def test_the_order_of_the_array_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    score, truth = rng.integers(0, 4, 40).astype(float), rng.random(40)
    order = rng.permutation(40)
    for k in (1, 5, 20):
        for figure in (precision_at, ndcg_at):
            here, there = (
                figure(s, t, k, one(40))[0] for s, t in ((score, truth), (score[order], truth[order]))
            )
            assert here == pytest.approx(there, abs=1e-12)
        assert best_of_top(score, truth, k) == pytest.approx(
            best_of_top(score[order], truth[order], k), abs=1e-12
        )


def test_a_perfect_score_is_perfect() -> None:
    truth = np.random.default_rng(6).random(50).round(1)
    for k in (1, 5, 50):
        assert precision_at(truth, truth, k, one(50))[0] == pytest.approx(1.0, abs=1e-15)
        assert ndcg_at(truth, truth, k, one(50))[0] == pytest.approx(1.0, abs=1e-15)
        assert best_of_top(truth, truth, k) == truth.max()


def test_a_resample_that_leaves_a_constant_is_undefined() -> None:
    counts = np.array([[1, 1, 1], [3, 0, 0], [1, 2, 0]])
    score, truth = [1.0, 1.0, 2.0], [0.1, 0.2, 0.3]
    for figures in (
        precision_at(score, truth, 1, counts),
        ndcg_at(score, truth, 1, counts),
        picked(score, truth, counts)[0],
    ):
        np.testing.assert_array_equal(np.isnan(figures), [False, True, True])


def test_bad_input_is_refused() -> None:
    good = [1.0, 2.0, 3.0]
    with pytest.raises(CrozeError, match=r"shape \(n,\) and counts \(B, n\)"):
        precision_at(good, [1.0], 1, one(3))
    with pytest.raises(CrozeError, match="not finite cannot be ranked"):
        ndcg_at(good, [1.0, np.inf, 2.0], 1, one(3))
    for k in (0, 4):
        with pytest.raises(CrozeError, match="a k of 1 to 3, got"):
            best_of_top(good, good, k)
    with pytest.raises(CrozeError, match="A gain is at least 0, got -1"):
        ndcg_at(good, [-1.0, 1.0, 2.0], 1, one(3))
