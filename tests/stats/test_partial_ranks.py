"""Oracle: the residuals of two least-squares fits of ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from croze.stats import (
    drawn_counts,
    partial_correlation,
    partial_given_all,
    rank_correlations,
    spearman,
)


def residuals(x: np.ndarray, y: np.ndarray, given_: np.ndarray) -> float:
    design = np.stack([np.ones(len(x)), *(oracle.rankdata(z) for z in given_)], axis=1)
    left, right = (
        r - design @ np.linalg.lstsq(design, r, rcond=None)[0]
        for r in (oracle.rankdata(x), oracle.rankdata(y))
    )
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def partial_spearman(x: np.ndarray, y: np.ndarray, given_: Sequence[np.ndarray]) -> float:
    rho = np.array([[spearman(a, b) for b in (y, *given_)] for a in (x, y, *given_)])
    return float(partial_given_all(rho[:1, :1], rho[:1, 1:], rho[1:2, 1:], rho[2:, 1:])[0, 0])


@given(st.integers(0, 10**6), st.integers(8, 60), st.integers(1, 4))
def test_equals_the_correlation_of_residuals(seed: int, n: int, q: int) -> None:
    rng = np.random.default_rng(seed)
    controls = rng.normal(size=(q, n))
    controls[0] = rng.integers(0, 5, n)
    x, y = controls.sum(axis=0) + rng.normal(size=n), rng.normal(size=n).round(1)
    assert partial_spearman(x, y, controls) == pytest.approx(residuals(x, y, controls), abs=1e-12)


def test_one_control_is_the_usual_partial_correlation() -> None:
    rng = np.random.default_rng(0)
    x, y, z = rng.integers(0, 9, (3, 50)).astype(float)
    alone = float(partial_correlation(spearman(x, y), spearman(x, z), spearman(y, z)))
    assert partial_spearman(x, y, [z]) == pytest.approx(alone, abs=1e-12)


def test_a_control_that_repeats_another_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    x, y, z = rng.normal(size=(3, 40))
    once = partial_spearman(x, y, [z])
    assert partial_spearman(x, y, [z, 3 * z + 1]) == pytest.approx(once, abs=1e-12)


def test_resamples_equal_the_residuals_of_what_is_written_out() -> None:
    rng = np.random.default_rng(2)
    x, controls, y = (
        rng.normal(size=(2, 30)),
        rng.integers(0, 6, (3, 30)).astype(float),
        rng.normal(size=(2, 30)),
    )
    counts = drawn_counts(30, 10, seed=3)
    pairs = rank_correlations(np.concatenate([x, controls, y]), 5, counts)
    found = partial_given_all(
        pairs[:, :2, 5:], pairs[:, :2, 2:5], pairs[:, 2:5, 5:].swapaxes(-1, -2), pairs[:, 2:5, 2:5]
    )
    for b, count in enumerate(counts):
        drawn = np.repeat(np.arange(30), count.astype(int))
        for i in range(2):
            for j in range(2):
                expected = residuals(x[i][drawn], y[j][drawn], controls[:, drawn])
                assert found[b, i, j] == pytest.approx(expected, abs=1e-12)


def test_what_nothing_is_left_of_is_undefined() -> None:
    rng = np.random.default_rng(4)
    x, y, z = rng.normal(size=(3, 40))
    assert np.isnan(partial_spearman(x, y, [z, x]))
    assert np.isnan(partial_spearman(x, y, [y, z]))
    assert np.isnan(partial_spearman(np.ones(40), y, [z]))
    assert np.isnan(partial_spearman(x, y, [np.ones(40), z]))
