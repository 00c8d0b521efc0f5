from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from croze.errors import CrozeError
from croze.stats import drawn_counts, rho_within, size_groups


@given(st.lists(st.integers(0, 12), min_size=1, max_size=80), st.integers(1, 12))
def test_equal_sizes_stay_together_and_groups_ascend(sizes: list[int], groups: int) -> None:
    found = size_groups(sizes, groups)
    order = np.argsort(sizes, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert found.min() >= 0
    assert found.max() < groups
    for size in set(sizes):
        members = found[np.array(sizes) == size]
        assert len(set(members.tolist())) == 1
    expected = np.floor(groups * (oracle.rankdata(sizes) - 0.5) / len(sizes) + 1e-12)
    np.testing.assert_array_equal(found, expected)


def test_deciles_of_distinct_sizes_are_equal() -> None:
    sizes = np.random.default_rng(0).permutation(200)
    np.testing.assert_array_equal(np.bincount(size_groups(sizes)), np.full(10, 20))
    np.testing.assert_array_equal(size_groups(sizes), sizes // 20)


def test_rho_inside_groups_is_that_of_scipy_on_what_is_written_out() -> None:
    rng = np.random.default_rng(3)
    n = 80
    groups = size_groups(rng.integers(0, 30, n), 4)
    x, y = rng.integers(0, 40, (2, n)).astype(float), rng.normal(size=(1, n))
    counts = drawn_counts(n, 5, seed=1)
    found = rho_within(groups, x, y, counts)
    assert found.rho.shape == (6, 4, 2, 1)
    for b, count in enumerate(counts):
        means = np.zeros(2)
        for g in range(4):
            drawn = np.repeat(np.arange(n), (count * (groups == g)).astype(int))
            assert found.n[b, g] == len(drawn)
            for i in range(2):
                rho = oracle.spearmanr(x[i][drawn], y[0][drawn]).statistic
                assert found.rho[b, g, i, 0] == pytest.approx(rho, abs=1e-12)
                means[i] += len(drawn) * rho / n
        np.testing.assert_allclose(found.mean()[b, :, 0], means, atol=1e-12)


def test_a_group_without_a_figure_is_left_out_throughout() -> None:
    groups = np.repeat([0, 1], 5)
    x = np.array([[1.0, 1, 1, 1, 1, 1, 2, 3, 4, 5]])
    y = np.arange(10.0)[None]
    counts = np.stack([np.ones(10), np.r_[np.ones(5), 5, 0, 0, 0, 0], np.r_[np.zeros(5), np.full(5, 2)]])
    found = rho_within(groups, x, y, counts)
    assert np.isnan(found.rho[:, 0]).all()
    np.testing.assert_array_equal(found.mean()[:, 0, 0], [1.0, np.nan, 1.0])
    constant = rho_within(groups, np.ones((1, 10)), y, counts)
    assert np.isnan(constant.mean()).all()


def test_bad_input_is_refused() -> None:
    with pytest.raises(CrozeError, match="finite sizes"):
        size_groups([1.0, np.nan])
    with pytest.raises(CrozeError, match="at least 1 group"):
        size_groups([1.0, 2.0], 0)
