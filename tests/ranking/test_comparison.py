"""Oracles: SciPy on the cells that are left, and the paper's printed #Params row."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.errors import CrozeError
from croze.ranking.comparison import Comparison, compare
from croze.ranking.table import table2
from croze.stats import partial_spearman, resample_counts
from croze.truth import Truth, select


def parameters(architecture: str) -> float:
    """Trainable parameters of the published network up to a constant: 3 stages of 5 cells."""
    total = 0
    for width in (16, 32, 64):
        total += 5 * architecture.count("nor_conv_3x3") * (9 * width * width + 2 * width)
        total += 5 * architecture.count("nor_conv_1x1") * (width * width + 2 * width)
    return float(total)


def params_row(truth: Truth, cells: str, convention: str = "paper") -> dict[str, float]:
    chosen = select(truth, cells=cells)
    size = np.array([parameters(truth.architectures[i]) for i in chosen])
    row = compare(truth, table2(truth, convention), chosen, {"params": size}, size, resamples=2).rows[0]
    assert row.n == len(chosen)
    assert np.isnan(row.mean.partial)
    return {name: round(figure.rho, 3) for name, figure in row.columns.items()} | {
        "mean": round(row.mean.rho, 3)
    }


def test_the_printed_row_of_the_number_of_parameters(real: Truth) -> None:
    assert params_row(real, "all") == {
        "clean": 0.747,
        "fgsm8": 0.756,
        "fgsm4": 0.739,
        "weather": 0.674,
        "noise": 0.131,
        "blur": 0.229,
        "digital": 0.489,
        "mean": 0.538,
    }


def test_the_same_row_on_distinct_cells(real: Truth) -> None:
    row = params_row(real, "distinct")
    assert (row["clean"], row["fgsm8"], row["fgsm4"]) == (0.782, 0.8, 0.795)


def toy_scores(n: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(4)
    scores = {"a": rng.normal(size=n), "b": rng.normal(size=n), "live_params": rng.normal(size=n)}
    return scores, rng.integers(0, 5, n).astype(float)


@pytest.fixture
def failing(tiny: Truth) -> tuple[Comparison, dict[str, np.ndarray], np.ndarray, np.ndarray]:
    cells = select(tiny, sample=11, seed=0)
    scores, live = toy_scores(11)
    scores["a"][2], scores["b"][5], scores["b"][2], live[7] = np.nan, np.inf, np.nan, np.nan
    result = compare(tiny, table2(tiny), cells, scores, live, reference="b", resamples=60, seed=9)
    return result, scores, live, cells


def test_every_row_rests_on_the_cells_where_all_succeeded(
    tiny: Truth, failing: tuple[Comparison, dict[str, np.ndarray], np.ndarray, np.ndarray]
) -> None:
    result, scores, live, cells = failing
    kept = np.delete(np.arange(11), [2, 5, 7])
    assert (result.chosen, result.cells, result.control_failures) == (11, 8, 1)
    assert result.distinct == len(set(tiny.representative[cells[kept]].tolist()))
    assert [(row.proxy, row.failures, row.n) for row in result.rows] == [
        ("a", 1, 8),
        ("b", 2, 8),
        ("live_params", 0, 8),
    ]
    for row in result.rows:
        x = scores[row.proxy][kept]
        clean = tiny.values("clean")[cells[kept]]
        assert row.columns["clean"].rho == pytest.approx(spearmanr(x, clean).statistic, abs=1e-12)
        assert row.columns["clean"].partial == pytest.approx(
            partial_spearman(x, clean, live[kept]), abs=1e-12
        )
        noise = [
            np.mean([spearmanr(x, tiny.values(f"{kind}@{s}")[cells[kept]]).statistic for s in range(1, 6)])
            for kind in ("gaussian_noise", "shot_noise", "impulse_noise")
        ]
        assert row.columns["noise"].rho == pytest.approx(np.mean(noise), abs=1e-12)
        assert row.mean.rho == pytest.approx(np.mean([f.rho for f in row.columns.values()]), abs=1e-12)
        assert row.mean.partial == pytest.approx(
            np.mean([f.partial for f in row.columns.values()]), abs=1e-12
        )


def test_intervals_are_those_of_the_figure_itself(tiny: Truth) -> None:
    cells = select(tiny)
    scores, live = toy_scores(12)
    result = compare(tiny, table2(tiny), cells, scores, live, reference="a", resamples=50, seed=2, level=0.8)
    drawn = [np.repeat(np.arange(12), c.astype(int)) for c in resample_counts(12, 50, seed=2)]

    def weather(proxy: str, draw: np.ndarray) -> float:
        rhos = [
            spearmanr(scores[proxy][draw], tiny.values(f"{kind}@{s}")[draw]).statistic
            for kind in ("snow", "fog", "frost")
            for s in range(1, 6)
        ]
        return float(np.mean(rhos))

    first, second = (np.array([weather(p, d) for d in drawn]) for p in ("a", "b"))
    figure = result.rows[0].columns["weather"]
    assert (figure.low, figure.high) == pytest.approx(np.quantile(first, [0.1, 0.9]), abs=1e-12)
    delta = result.differences[0].columns["weather"]
    assert (delta.low, delta.high) == pytest.approx(np.quantile(second - first, [0.1, 0.9]), abs=1e-12)
    assert delta.delta == pytest.approx(result.rows[1].columns["weather"].rho - figure.rho, abs=1e-12)


def test_json(failing: tuple[Comparison, dict[str, np.ndarray], np.ndarray, np.ndarray]) -> None:
    content = failing[0].to_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert set(content["rows"][0]) == {"proxy", "columns", "mean", "failures", "n"}
    assert set(content["rows"][0]["columns"]["clean"]) == {"rho", "low", "high", "partial", "n"}
    assert [(d["proxy"], d["against"]) for d in content["differences"]] == [("a", "b"), ("live_params", "b")]
    assert set(content["differences"][0]["columns"]["noise"]) == {"delta", "low", "high"}
    assert set(content["differences"][0]["mean"]) == {"delta", "low", "high"}
    assert (content["convention"], content["cells"]) == ("paper", 8)
    assert content["bootstrap"] == {"resamples": 60, "seed": 9, "level": 0.95}


def test_nothing_left_is_null_and_not_a_number(tiny: Truth) -> None:
    cells = select(tiny)
    failed = np.full(12, np.nan)
    content = compare(tiny, table2(tiny), cells, {"a": failed}, np.ones(12), resamples=3).to_json()
    assert content["rows"][0]["mean"] == {"rho": None, "low": None, "high": None, "partial": None, "n": 0}
    assert (content["rows"][0]["failures"], content["cells"], content["distinct"]) == (12, 0, 0)
    assert content["differences"] == []


def test_a_constant_score_is_undefined(tiny: Truth) -> None:
    scores = {"flat": np.ones(12), "a": np.arange(12.0)}
    result = compare(tiny, table2(tiny), select(tiny), scores, np.arange(12.0)[::-1], resamples=5)
    assert np.isnan(result.rows[0].mean.rho)
    assert np.isfinite(result.rows[1].mean.rho)
    assert np.isnan(result.rows[1].mean.partial)


def test_bad_input_is_refused(tiny: Truth) -> None:
    table, cells, ones = table2(tiny), select(tiny), np.ones(12)
    with pytest.raises(CrozeError, match="at least one proxy"):
        compare(tiny, table, cells, {}, ones)
    with pytest.raises(CrozeError, match="one of a, got 'b'"):
        compare(tiny, table, cells, {"a": ones}, ones, reference="b")
    with pytest.raises(CrozeError, match=r"a must hold one value per cell, shape \(12,\), got \(11,\)"):
        compare(tiny, table, cells, {"a": ones[1:]}, ones)
    with pytest.raises(CrozeError, match="live-parameter count must hold"):
        compare(tiny, table, cells, {"a": ones}, ones[1:])
    with pytest.raises(CrozeError, match=r"Cells must lie in 0\.\.11, got 1 to 12"):
        compare(tiny, table, cells + 1, {"a": ones}, ones)


def test_without_a_count_of_live_parameters_no_cell_is_left_out(tiny: Truth) -> None:
    cells = select(tiny)
    scores = {"a": np.random.default_rng(1).normal(size=12)}
    with_count = compare(tiny, table2(tiny), cells, scores, np.ones(12), resamples=9)
    without = compare(tiny, table2(tiny), cells, scores, None, resamples=9)
    assert (without.cells, without.control_failures) == (12, 0)
    for name, figure in without.rows[0].columns.items():
        known = with_count.rows[0].columns[name]
        assert (figure.rho, figure.low, figure.high) == (known.rho, known.low, known.high)
        assert np.isnan(figure.partial)
