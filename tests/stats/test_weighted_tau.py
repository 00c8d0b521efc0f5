"""Oracle: scipy.stats.weightedtau."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from croze.errors import CrozeError
from croze.stats import weighted_tau

samples = st.integers(3, 40).flatmap(
    lambda n: st.tuples(
        *(st.lists(st.integers(-3, 3).map(float) | st.floats(-9, 9), min_size=n, max_size=n) for _ in "xy")
    )
)


@given(samples)
def test_equals_scipy(xy: tuple[list[float], list[float]]) -> None:
    expected = float(oracle.weightedtau(*xy).statistic)
    assert weighted_tau(*xy) == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_the_order_of_objects_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 30, 100).astype(float), rng.normal(size=100)
    whole = weighted_tau(x, y)
    order = rng.permutation(100)
    assert weighted_tau(x[order], y[order]) == pytest.approx(whole, abs=1e-14)


def test_what_is_undefined_is_nan() -> None:
    for x in ([1.0, 1.0, 1.0], [1.0, np.nan, 2.0]):
        assert np.isnan(weighted_tau(x, [1.0, 2.0, 3.0]))
    assert np.isnan(weighted_tau([1.0, 2.0], [1.0, 2.0]))
    with pytest.raises(CrozeError, match="equal length"):
        weighted_tau([1.0, 2.0], [1.0])
