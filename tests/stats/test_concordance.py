"""Oracle: SciPy on the samples written out in full."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as oracle

import croze.stats.concordance as concordance
from croze.errors import CrozeError
from croze.stats import drawn_counts, kendall_under


def written_out(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> float:
    drawn = np.repeat(np.arange(len(x)), counts.astype(int))
    if len(drawn) < 3:
        return float("nan")
    return float(oracle.kendalltau(x[drawn], y[drawn], variant="b").statistic)


@settings(max_examples=60)
@given(st.data())
def test_any_multiplicities_equal_scipy(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 20))
    row = st.lists(st.integers(-3, 3), min_size=n, max_size=n)
    x, y = (np.array(data.draw(st.lists(row, min_size=1, max_size=2)), dtype=float) for _ in range(2))
    counts = np.array(
        data.draw(st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=1, max_size=3))
    )
    found = kendall_under(x, y, counts)
    for b in range(len(counts)):
        for i in range(len(x)):
            for j in range(len(y)):
                expected = written_out(x[i], y[j], counts[b])
                assert found[b, i, j] == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("n", [63, 64, 65, 129, 300])
def test_merged_blocks_equal_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    x = np.stack([rng.normal(size=n), rng.integers(0, 9, n), np.arange(n)])
    y = np.stack([rng.normal(size=n).round(1), -np.arange(n)])
    counts = drawn_counts(n, 3, seed=n)
    found = kendall_under(x, y, counts)
    for b in range(len(counts)):
        for i in range(len(x)):
            for j in range(len(y)):
                assert found[b, i, j] == pytest.approx(written_out(x[i], y[j], counts[b]), abs=1e-12)
    assert found[0, 2, 1] == -1.0


def test_either_precision_and_any_chunk_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 40, (2, 150)).astype(float), rng.normal(size=(1, 150))
    counts = drawn_counts(150, 100, seed=1)
    usual = kendall_under(x, y, counts)
    monkeypatch.setattr(concordance, "EXACT", 0)
    monkeypatch.setattr(concordance, "CACHED", 1)
    monkeypatch.setattr(concordance, "BLOCK", 8)
    np.testing.assert_array_equal(kendall_under(x, y, counts), usual)


def test_large_groups_of_equals_are_counted_exactly() -> None:
    n = 4999  # whose pairs float32 holds, not the square of their number
    rare = (np.arange(n) < 100).astype(float)
    y = np.stack([np.random.default_rng(4).normal(size=n), (np.arange(n) % 97 == 0).astype(float)])
    found = kendall_under(rare[None], y, np.ones((1, n)))
    for j in range(len(y)):
        assert found[0, 0, j] == pytest.approx(written_out(rare, y[j], np.ones(n)), abs=1e-12)


def test_constant_samples_are_undefined() -> None:
    rows = np.array([[1.0, 1, 1, 1], [1, 2, 3, 4]])
    counts = np.array([[1, 1, 1, 1], [3, 0, 0, 0], [1, 1, 0, 0]])
    found = kendall_under(rows, rows, counts)
    assert np.isnan(found[:, 0]).all()
    assert np.isnan(found[:, :, 0]).all()
    assert found[0, 1, 1] == 1.0
    assert np.isnan(found[1:]).all()  # three copies of one object, two objects
    assert np.isnan(kendall_under(np.ones((1, 0)), np.ones((2, 0)), np.ones((3, 0)))).all()


def test_bad_input_is_refused() -> None:
    good = np.arange(6.0).reshape(2, 3)
    with pytest.raises(CrozeError, match=r"scores \(p, n\), truths \(m, n\) and counts \(B, n\)"):
        kendall_under(good, good, np.ones((1, 4)))
    with pytest.raises(CrozeError, match="NaN has no place"):
        kendall_under(good * np.nan, good, np.ones((1, 3)))
