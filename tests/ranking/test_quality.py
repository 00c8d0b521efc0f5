"""Oracles: SciPy and the statistics themselves on the cells that are left."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr, weightedtau

from croze.errors import CrozeError
from croze.ranking.quality import ALL_SIZES, Quality, quality
from croze.stats import drawn_counts, partial_spearman, partial_spearman_given
from croze.truth import Provenance, Truth, one_of_each, select, sets_of

N = 60
RNG = np.random.default_rng(0)
ACCURACY = RNG.random(N).round(2)
SIZES = {"params": RNG.integers(1, 30, N).astype(float), "live-params": RNG.integers(1, 20, N).astype(float)}
SCORES = {"a": ACCURACY + RNG.normal(size=N), "flat": np.ones(N), "b": RNG.integers(0, 9, N).astype(float)}


def truth(twin: np.ndarray | None = None) -> Truth:
    return Truth(
        "toy",
        "cifar10",
        tuple(f"cell{i}" for i in range(N)),
        np.arange(N) if twin is None else twin,
        {"clean": ACCURACY, "fgsm@8": 1 - ACCURACY},
        Provenance("memory", {}),
    )


def judged(**changes: object) -> Quality:
    settings = {"resamples": 20, "seed": 3, "tops": (1, 5)} | changes
    return quality(truth(), ["clean", "fgsm@8"], np.arange(N), SCORES, SIZES, **settings)  # type: ignore[arg-type]


def test_figures_are_those_of_scipy() -> None:
    found = judged()
    assert found.columns == ("clean", "fgsm@8")
    for column, y in (("clean", ACCURACY), ("fgsm@8", 1 - ACCURACY)):
        for row in (found.rows[0], found.rows[2]):
            x, verdict = SCORES[row.proxy], row.columns[column]
            assert verdict.spearman.value == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
            assert verdict.kendall.value == pytest.approx(kendalltau(x, y).statistic, abs=1e-12)
            assert verdict.weighted == pytest.approx(weightedtau(x, y).statistic, abs=1e-12)
            for size, z in SIZES.items():
                assert verdict.partial[size].value == pytest.approx(partial_spearman(x, y, z), abs=1e-12)
            every = partial_spearman_given(x, y, list(SIZES.values()))
            assert verdict.partial[ALL_SIZES].value == pytest.approx(every, abs=1e-12)
            first = y[x == x.max()]
            assert verdict.accuracy == pytest.approx(first.mean(), abs=1e-12)
            assert verdict.sharing == len(first)
            assert verdict.regret.value == pytest.approx(y.max() - first.mean(), abs=1e-12)
            assert sum(decile.n for decile in verdict.deciles) == N
            defined = [d for d in verdict.deciles if not math.isnan(d.rho)]
            mean = sum(d.n * d.rho for d in defined) / sum(d.n for d in defined)
            assert verdict.within.value == pytest.approx(mean, abs=1e-12)
        pool = found.pools[column]
        assert (pool.best, pool.mean, pool.deviation) == pytest.approx((y.max(), y.mean(), y.std()))


def test_intervals_are_quantiles_of_the_figure_on_the_resamples() -> None:
    verdict = judged(level=0.8).rows[0].columns["clean"]
    taus, regrets = [], []
    for counts in drawn_counts(N, 20, 3)[1:]:
        drawn = np.repeat(np.arange(N), counts.astype(int))
        x, y = SCORES["a"][drawn], ACCURACY[drawn]
        taus.append(kendalltau(x, y).statistic)
        regrets.append(y.max() - y[x == x.max()].mean())
    for estimate, figures in ((verdict.kendall, taus), (verdict.regret, regrets)):
        assert (estimate.low, estimate.high) == pytest.approx(np.quantile(figures, [0.1, 0.9]), abs=1e-12)


def test_without_depth_only_rho_and_partials_have_intervals() -> None:
    deep, quick = judged().rows[0].columns["clean"], judged(deep=False).rows[0].columns["clean"]
    assert deep.spearman == quick.spearman
    assert deep.partial == quick.partial
    assert quick.kendall.value == deep.kendall.value
    assert math.isnan(quick.kendall.low)
    assert math.isnan(quick.top[1].precision.low)
    assert not math.isnan(deep.top[1].precision.low)


def test_a_constant_score_has_no_figure_and_is_named() -> None:
    found = judged()
    assert [row.constant for row in found.rows] == [False, True, False]
    verdict = found.rows[1].columns["clean"]
    figures = [verdict.spearman, verdict.kendall, verdict.within, verdict.regret, *verdict.partial.values()]
    figures += [top.precision for top in verdict.top] + [top.ndcg for top in verdict.top]
    assert all(math.isnan(v) for f in figures for v in (f.value, f.low, f.high))
    assert math.isnan(verdict.weighted)
    assert math.isnan(verdict.accuracy)


def test_failures_are_counted_and_left_out_for_all() -> None:
    scores = {"a": SCORES["a"].copy(), "b": SCORES["b"].copy()}
    sizes = {name: values.copy() for name, values in SIZES.items()}
    scores["a"][:3], scores["b"][2:5], sizes["params"][10] = np.nan, np.inf, np.nan
    found = quality(truth(), ["clean"], np.arange(N), scores, sizes, resamples=2)
    assert [row.failures for row in found.rows] == [3, 3]
    assert found.size_failures == {"params": 1, "live-params": 0}
    assert (found.chosen, found.cells, found.distinct) == (N, N - 6, N - 6)
    kept = np.delete(np.arange(N), [0, 1, 2, 3, 4, 10])
    expected = spearmanr(scores["b"][kept], ACCURACY[kept]).statistic
    assert found.rows[1].columns["clean"].spearman.value == pytest.approx(expected, abs=1e-12)


def test_tops_follow_the_number_of_cells() -> None:
    tops = judged(tops=None).rows[0].columns["clean"].top
    assert [top.k for top in tops] == [3, 10, 50]
    assert [top.k for top in judged(tops=(5, N, N + 1)).rows[0].columns["clean"].top] == [5]


def test_too_few_cells_have_no_figures_and_the_result_is_json() -> None:
    scores = {"a": np.full(N, np.nan)}
    for found in (judged(), quality(truth(), ["clean"], np.arange(N), scores, SIZES, resamples=2)):
        content = found.to_json()
        assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert found.cells == 0
    assert content["rows"][0]["columns"]["clean"]["spearman"] == {"value": None, "low": None, "high": None}


def test_one_of_each_class_prefers_the_representative() -> None:
    twin = np.arange(N)
    twin[[1, 2]], twin[[8, 9]] = 5, 0
    known = truth(twin)
    positions = np.array([9, 2, 30, 5, 1, 8])
    assert positions[one_of_each(known, positions)].tolist() == [30, 5, 8]
    assert positions[::-1][one_of_each(known, positions[::-1])].tolist() == [8, 5, 30]


def test_the_sets_that_a_choice_is_judged_on() -> None:
    twin = np.arange(N)
    twin[1] = 0
    known = truth(twin)
    found = sets_of(known, select(known), "all", "both")
    names = ["all cells", "distinct cells", "distinct cells, choose half", "distinct cells, report half"]
    assert list(found) == names
    halves = np.concatenate([found[name] for name in names[2:]])
    assert sorted(halves.tolist()) == sorted(found["distinct cells"].tolist()) == [0, *range(2, N)]
    distinct = select(known, cells="distinct", half="report")
    assert list(sets_of(known, distinct, "distinct", "report")) == ["distinct cells, report half"]


def test_bad_input_is_refused() -> None:
    cells = np.arange(N)
    with pytest.raises(CrozeError, match="needs a proxy and a column, got 0 proxies and 1 columns"):
        quality(truth(), ["clean"], cells, {}, SIZES)
    with pytest.raises(CrozeError, match="grouped by one of params, live-params, got 'depth'"):
        judged(grouped_by="depth")
    with pytest.raises(CrozeError, match=r"a must hold one value per cell, shape \(60,\), got \(59,\)"):
        quality(truth(), ["clean"], cells, {"a": np.ones(N - 1)}, SIZES)
