from __future__ import annotations

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.stats import percentile_interval


def test_ends_are_the_quantiles() -> None:
    figures = np.random.default_rng(0).random((1000, 2, 3))
    low, high = percentile_interval(figures, level=0.9)
    np.testing.assert_allclose(low, np.quantile(figures, 0.05, axis=0), atol=1e-15)
    np.testing.assert_allclose(high, np.quantile(figures, 0.95, axis=0), atol=1e-15)


@pytest.mark.parametrize(("undefined", "defined"), [(0, True), (5, True), (6, False), (100, False)])
def test_more_than_five_percent_undefined_leave_no_interval(undefined: int, defined: bool) -> None:
    figures = np.linspace(0, 1, 100)
    figures[:undefined] = np.nan
    low, high = percentile_interval(figures)
    assert bool(np.isfinite(low) and np.isfinite(high)) is defined
    if defined:
        np.testing.assert_allclose((low, high), np.quantile(figures[undefined:], [0.025, 0.975]))


def test_columns_are_judged_one_by_one() -> None:
    figures = np.random.default_rng(1).random((50, 2))
    figures[:10, 1] = np.nan
    low, _ = percentile_interval(figures)
    assert np.isfinite(low[0])
    assert np.isnan(low[1])


def test_pairing_removes_what_both_share() -> None:
    rng = np.random.default_rng(2)
    shared = rng.normal(size=2000)
    first, second = shared + 0.1, shared + 0.01 * rng.normal(size=2000)
    low, high = percentile_interval(first - second)
    assert 0 < low < 0.1 < high < 0.2
    single_low, _ = percentile_interval(first)
    assert single_low < 0


def test_bad_input_is_refused() -> None:
    for figures in (np.float64(1.0), np.empty((0, 2))):
        with pytest.raises(CrozeError, match="resampled values"):
            percentile_interval(figures)
    for level in (0.0, 1.0, 95.0):
        with pytest.raises(CrozeError, match="level"):
            percentile_interval(np.ones(3), level)
