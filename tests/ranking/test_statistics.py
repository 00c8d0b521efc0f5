"""Oracles: SciPy and the statistics themselves on the cells that are left."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata, spearmanr, weightedtau

from croze.ranking import STATISTICS, Bootstrap, Ranking, rank
from croze.ranking.columns import judged_columns
from croze.stats import drawn_counts
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


CELLS = "all cells"


def judged(known: Truth | None = None, level: float = 0.95, **changes: object) -> Ranking:
    known = known or truth()
    settings = {"statistics": tuple(STATISTICS), "deep": True, "tops": (1, 5)} | changes
    scores, sizes = settings.pop("scores", SCORES), settings.pop("sizes", SIZES)
    columns = judged_columns(known, "clean,fgsm@8")
    positions = np.arange(N)
    bootstrap = Bootstrap(20, 3, level)
    return rank(known, columns, positions, scores, sizes, bootstrap=bootstrap, **settings)  # type: ignore[arg-type]


def residual_correlation(x: np.ndarray, y: np.ndarray, *sizes: np.ndarray) -> float:
    """The partial rank correlation, by least squares on the ranks of the sizes."""
    design = np.stack([np.ones(len(x)), *map(rankdata, sizes)], axis=1)
    left, right = (r - design @ np.linalg.lstsq(design, r, rcond=None)[0] for r in (rankdata(x), rankdata(y)))
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def test_values_are_those_of_scipy() -> None:
    found = judged()
    assert found.columns(CELLS) == ("clean", "fgsm@8")
    for column, y in (("clean", ACCURACY), ("fgsm@8", 1 - ACCURACY)):
        for proxy in ("a", "b"):
            x = SCORES[proxy]
            value = {r.statistic: r.value for r in found.select(proxy=proxy, column=column)}
            assert value["spearman"] == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
            assert value["kendall"] == pytest.approx(kendalltau(x, y).statistic, abs=1e-12)
            assert value["weighted tau"] == pytest.approx(weightedtau(x, y).statistic, abs=1e-12)
            for size, z in SIZES.items():
                assert value[f"given {size}"] == pytest.approx(residual_correlation(x, y, z), abs=1e-12)
            every = residual_correlation(x, y, *SIZES.values())
            assert value["given all sizes"] == pytest.approx(every, abs=1e-12)
            first = y[x == x.max()]
            assert value["picked accuracy"] == pytest.approx(first.mean(), abs=1e-12)
            assert value["sharing first place"] == len(first)
            assert value["regret"] == pytest.approx(y.max() - first.mean(), abs=1e-12)
            counts = [n for n, _, _ in found.cells[CELLS].deciles]
            assert sum(counts) == N
            rhos = [value[f"decile {i}"] for i in range(1, 11)]
            defined = [(n, rho) for n, rho in zip(counts, rhos, strict=True) if not math.isnan(rho)]
            mean = sum(n * rho for n, rho in defined) / sum(n for n, _ in defined)
            assert value["within deciles"] == pytest.approx(mean, abs=1e-12)
        best, random = (
            found.at(proxy, column, CELLS, "picked accuracy") for proxy in ("oracle", "random order")
        )
        assert (best.value, random.value) == pytest.approx((y.max(), y.mean()))
        regret = found.at("random order", column, CELLS, "regret")
        assert (regret.value, regret.high - regret.value) == pytest.approx((y.max() - y.mean(), y.std()))


def test_intervals_are_quantiles_of_the_value_on_the_resamples() -> None:
    found = judged(level=0.8)
    taus, regrets = [], []
    for counts in drawn_counts(N, 20, 3)[1:]:
        drawn = np.repeat(np.arange(N), counts.astype(int))
        x, y = SCORES["a"][drawn], ACCURACY[drawn]
        taus.append(kendalltau(x, y).statistic)
        regrets.append(y.max() - y[x == x.max()].mean())
    for statistic, values in (("kendall", taus), ("regret", regrets)):
        record = found.at("a", "clean", CELLS, statistic)
        assert (record.low, record.high) == pytest.approx(np.quantile(values, [0.1, 0.9]), abs=1e-12)


def test_without_depth_only_rho_and_partials_have_intervals() -> None:
    deep, quick = judged(), judged(deep=False)
    for statistic in ("spearman", "given params", "given all sizes"):
        first, second = (one.at("a", "clean", CELLS, statistic) for one in (deep, quick))
        assert first == second
        assert not math.isnan(second.low)
    for statistic in ("kendall", "precision@5"):
        first, second = (one.at("a", "clean", CELLS, statistic) for one in (deep, quick))
        assert first.value == second.value
        assert math.isnan(second.low)
        assert not math.isnan(first.low)


def test_a_constant_score_has_no_value_and_is_named() -> None:
    found = judged()
    assert found.cells[CELLS].constant == ("flat",)
    for record in found.select(proxy="flat", column="clean"):
        if record.statistic != "sharing first place":
            assert all(math.isnan(v) for v in (record.value, record.low, record.high)), record


def test_failures_are_counted_and_left_out_for_all() -> None:
    scores = {"a": SCORES["a"].copy(), "b": SCORES["b"].copy()}
    sizes = {name: values.copy() for name, values in SIZES.items()}
    scores["a"][:3], scores["b"][2:5], sizes["params"][10] = np.nan, np.inf, np.nan
    found = judged(scores=scores, sizes=sizes)
    entry = found.cells[CELLS]
    assert entry.failures == {"params": 1, "a": 3, "b": 3}
    assert (entry.chosen, entry.n, entry.distinct) == (N, N - 6, N - 6)
    kept = np.delete(np.arange(N), [0, 1, 2, 3, 4, 10])
    expected = spearmanr(scores["b"][kept], ACCURACY[kept]).statistic
    assert found.at("b", "clean", CELLS).value == pytest.approx(expected, abs=1e-12)


def test_tops_follow_the_number_of_cells() -> None:
    def tops(found: Ranking) -> list[str]:
        names = found.statistics(CELLS, "clean")
        return [name for name in names if name.startswith("precision")]

    assert tops(judged(tops=None)) == ["precision@3", "precision@10", "precision@50"]
    assert tops(judged(tops=(5, N, N + 1))) == ["precision@5"]


def test_too_few_cells_have_no_values_and_the_result_is_json() -> None:
    for found in (judged(), judged(scores={"a": np.full(N, np.nan)})):
        content = found.to_json()
        assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert found.cells[CELLS].n == 0
    assert set(content["ranking"]["value"]) == {None}


def test_a_statistic_is_one_entry_and_reaches_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    from croze.ranking.sheets import statistic_sheets
    from croze.ranking.statistics import Statistic

    counted = Statistic("cells", "cells", lambda sample, _: sample.each(lambda x, y: len(x)), unit="number")
    monkeypatch.setitem(STATISTICS, "cells", counted)  # type: ignore[misc]
    found = judged()
    assert found.at("a", "clean", CELLS, "cells").value == N
    (sheet,) = [s for s in statistic_sheets(found, CELLS, ["clean"]) if s.title.endswith("regret")]
    assert sheet.head[-1] == "cells"
    assert sheet.rows[0][-1] == str(N)


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
