import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.paper.protocol_rows import Spread, spread

SHARES = st.floats(0, 1)


@given(st.lists(SHARES, min_size=2, max_size=8))
def test_mean_and_sample_deviation(values):
    found = spread(values)
    assert found.n == len(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert found.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-12)


@given(SHARES)
def test_one_repetition_has_no_deviation(value):
    assert spread([value]) == Spread(value, None, 1)


def test_nothing_has_no_mean():
    assert spread([]) is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_failure_is_no_value(value):
    with pytest.raises(CrozeError, match="must have finite values"):
        spread([0.5, value])
