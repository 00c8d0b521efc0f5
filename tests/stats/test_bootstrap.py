"""Oracle: SciPy on the explicitly resampled arrays."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as oracle

from croze.errors import CrozeError
from croze.stats import WeightedRanks, bootstrap_spearman, drawn_counts


def explicit_rho(x: np.ndarray, y: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", oracle.ConstantInputWarning)
        return float(oracle.spearmanr(x, y).statistic)


def problem(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    proxies = np.stack([rng.normal(size=n), rng.integers(0, 4, n), rng.random(n)])
    truths = np.stack([rng.integers(0, 3, n), rng.random(n).round(1), proxies[0] + rng.normal(size=n)])
    return proxies, truths


@pytest.mark.parametrize(("n", "seed"), [(3, 0), (5, 1), (12, 2), (60, 3)])
def test_every_resample_equals_scipy(n: int, seed: int) -> None:
    proxies, truths = problem(n, seed)
    result = bootstrap_spearman(proxies, truths, resamples=40, seed=seed)
    assert result.shape == (41, 3, 3)
    for found, counts in zip(result, drawn_counts(n, 40, seed), strict=True):
        drawn = np.repeat(np.arange(n), counts.astype(int))
        for i, x in enumerate(proxies):
            for j, y in enumerate(truths):
                expected = explicit_rho(x[drawn], y[drawn])
                assert found[i, j] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_the_figures_as_given_equal_scipy() -> None:
    proxies, truths = problem(80, 5)
    rho = bootstrap_spearman(proxies, truths, resamples=1)[0]
    for i, x in enumerate(proxies):
        for j, y in enumerate(truths):
            assert rho[i, j] == pytest.approx(explicit_rho(x, y), abs=1e-12)


@settings(max_examples=150)
@given(st.data())
def test_any_multiplicities_equal_the_written_out_array(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 15))
    row = st.lists(st.integers(-2, 2), min_size=n, max_size=n)
    samples = np.array(data.draw(st.lists(row, min_size=2, max_size=4)), dtype=float)
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    result = WeightedRanks(samples).spearman(counts, left=1)
    written = np.repeat(samples, counts, axis=1)
    for j, other in enumerate(written):
        expected = explicit_rho(written[0], other) if counts.sum() >= 3 else np.nan
        assert result[0, j] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_the_seed_decides() -> None:
    proxies, truths = problem(30, 0)
    first, again, other = (bootstrap_spearman(proxies, truths, resamples=5, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first[1:] != other[1:]).any()
    np.testing.assert_array_equal(first[0], other[0])


def test_resamples_draw_n_of_n() -> None:
    given_, drawn = np.split(drawn_counts(50, 200, seed=3), [1])
    assert (given_ == 1).all()
    assert (drawn.sum(axis=1) == 50).all()
    assert drawn.mean() == 1.0
    # A count is Binomial(50, 1/50): a share of 0.364 is never drawn.
    assert abs((drawn == 0).mean() - 0.364) < 0.01


@pytest.mark.parametrize("n", [0, 2])
def test_too_few_architectures_are_undefined(n: int) -> None:
    result = bootstrap_spearman(np.ones((2, n)), np.ones((3, n)), resamples=4)
    assert result.shape == (5, 2, 3)
    assert np.isnan(result).all()


def test_an_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(11)
    shared = rng.normal(size=400)
    x, y = shared + rng.normal(size=400), shared + rng.normal(size=400)
    resampled = bootstrap_spearman(x[None], y[None], resamples=300)[1:, 0, 0]
    # Bivariate normal with r = 1/2 has rho = 6/pi asin(r/2); its standard error here is about 0.04.
    low, high = np.quantile(resampled, [0.025, 0.975])
    assert low < 6 / np.pi * np.arcsin(0.25) < high
    assert 0.03 < resampled.std() < 0.055


def test_bad_input_is_refused() -> None:
    good = np.arange(10.0).reshape(2, 5)
    with pytest.raises(CrozeError, match="scores"):
        bootstrap_spearman(good, np.ones((2, 4)))
    with pytest.raises(CrozeError, match="at least one resample"):
        bootstrap_spearman(good, good, resamples=0)
    with pytest.raises(CrozeError, match="sample 1 at position 2"):
        bootstrap_spearman(np.array([[1.0, 2, 3], [1, 2, np.nan]]), np.ones((1, 3)))
    with pytest.raises(CrozeError, match=r"\(k, n\)"):
        WeightedRanks(np.ones(3))
    with pytest.raises(CrozeError, match="counts"):
        WeightedRanks(good).spearman(np.ones(4), left=1)
