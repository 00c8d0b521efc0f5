"""Oracle: scipy.stats, and for the partial correlation the residuals of two regressions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as oracle

from croze.errors import CrozeError
from croze.stats import kendall, partial_correlation, ranks, spearman

tied = st.integers(-3, 3).map(float)
distinct = st.floats(-1e6, 1e6)
samples = st.integers(3, 40).flatmap(
    lambda n: st.tuples(*(st.lists(tied | distinct, min_size=n, max_size=n) for _ in range(3)))
)


def partial_spearman(x: list[float], y: list[float], z: list[float]) -> float:
    return float(partial_correlation(spearman(x, y), spearman(x, z), spearman(y, z)))


def expected_spearman(x: list[float], y: list[float]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", oracle.ConstantInputWarning)
        return float(oracle.spearmanr(x, y).statistic)


@given(st.lists(tied | distinct | st.sampled_from([np.inf, -np.inf]), max_size=60))
def test_ranks_equal_scipy(x: list[float]) -> None:
    np.testing.assert_array_equal(ranks(x), oracle.rankdata(x))


@given(st.lists(tied, min_size=1, max_size=60))
def test_ranks_keep_their_sum_and_ignore_monotone_maps(x: list[float]) -> None:
    assert ranks(x).sum() == len(x) * (len(x) + 1) / 2
    np.testing.assert_array_equal(ranks(x), ranks(np.exp(x) * 3 - 1))


def test_nan_has_no_rank() -> None:
    assert np.isnan(ranks([1.0, np.nan, 2.0])).all()
    assert np.isnan(oracle.rankdata([1.0, np.nan, 2.0])).all()


@given(samples)
def test_spearman_equals_scipy(xyz: tuple[list[float], list[float], list[float]]) -> None:
    x, y, _ = xyz
    assert spearman(x, y) == pytest.approx(expected_spearman(x, y), abs=1e-12, nan_ok=True)


@given(samples)
def test_kendall_equals_scipy(xyz: tuple[list[float], list[float], list[float]]) -> None:
    x, y, _ = xyz
    assert kendall(x, y) == pytest.approx(float(oracle.kendalltau(x, y).statistic), abs=1e-12, nan_ok=True)


def test_perfect_orders_are_exact() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 500, 4001).astype(float)
    assert spearman(x, np.exp(x / 100)) == 1.0
    assert spearman(x, -x) == -1.0


@settings(max_examples=200)
@given(samples)
def test_partial_is_the_correlation_of_residuals(xyz: tuple[list[float], list[float], list[float]]) -> None:
    rx, ry, rz = (oracle.rankdata(v) for v in xyz)
    pairs = [expected_spearman(xyz[0], xyz[2]), expected_spearman(xyz[1], xyz[2])]
    result = partial_spearman(*xyz)
    constant = any(len(set(v)) == 1 for v in xyz)
    if constant or max(abs(r) for r in pairs) > 1 - 1e-9:
        assert np.isnan(result)
        return
    design = np.stack([np.ones_like(rz), rz], axis=1)
    left, right = (r - design @ np.linalg.lstsq(design, r)[0] for r in (rx, ry))
    expected = left @ right / np.sqrt((left @ left) * (right @ right))
    assert result == pytest.approx(expected, abs=1e-9)


@given(samples)
def test_partial_is_symmetric_and_bounded(xyz: tuple[list[float], list[float], list[float]]) -> None:
    x, y, z = xyz
    first, second = partial_spearman(x, y, z), partial_spearman(y, x, z)
    assert first == pytest.approx(second, abs=1e-12, nan_ok=True)
    assert np.isnan(first) or -1.0 <= first <= 1.0


def test_partial_of_what_is_held_fixed_is_undefined() -> None:
    x = np.random.default_rng(1).integers(0, 9, 300).astype(float)
    y = np.random.default_rng(2).random(300)
    assert np.isnan(partial_spearman(x, y, x))
    assert np.isnan(partial_spearman(x, y, -2 * x))
    assert np.isnan(partial_spearman(x, y, y**3))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_values_are_undefined(n: int) -> None:
    x = list(range(n))
    assert np.isnan(spearman(x, x))
    assert np.isnan(kendall(x, x))
    assert np.isnan(partial_spearman(x, x, x))


@pytest.mark.parametrize("bad", [[1.0, 1.0, 1.0, 1.0], [1.0, np.nan, 2.0, 3.0]])
def test_constant_and_nan_are_undefined(bad: list[float]) -> None:
    y = [4.0, 2.0, 3.0, 9.0]
    assert np.isnan(spearman(bad, y))
    assert np.isnan(kendall(y, bad))
    assert np.isnan(partial_spearman(y, [1.0, 2.0, 4.0, 3.0], bad))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(CrozeError, match=r"shape \(n,\)"):
        ranks([[1.0, 2.0]])
    with pytest.raises(CrozeError, match="got 3 and 2"):
        spearman([1, 2, 3], [1, 2])
    with pytest.raises(CrozeError, match="got 3 and 2"):
        kendall([1, 2, 3], [1, 2])
