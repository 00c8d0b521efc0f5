"""Oracles: SciPy on the cells that are left, and the paper's printed #Params row."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.errors import CrozeError
from croze.files import shaped
from croze.ranking import Bootstrap, Ranking, rank
from croze.ranking.columns import table2
from croze.ranking.ranking import Content
from croze.stats import drawn_counts, partial_correlation
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
    sizes = {"live-params": size}
    found = rank(truth, table2(truth, convention), chosen, {"params": size}, sizes, bootstrap=Bootstrap(2))
    rows = found.select(statistic="spearman")
    assert {row.n for row in rows} == {len(chosen)}
    assert np.isnan(found.at("params", "mean", "all cells", "given live-params").value)
    return {row.column: round(row.value, 3) for row in rows}


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


CELLS = "all cells"
RHO = ("spearman", "given {}", "difference")
Failing = tuple[Ranking, dict[str, np.ndarray], np.ndarray, np.ndarray]


@pytest.fixture
def failing(tiny: Truth) -> Failing:
    cells = select(tiny, sample=11, seed=0)
    scores, live = toy_scores(11)
    scores["a"][2], scores["b"][5], scores["b"][2], live[7] = np.nan, np.inf, np.nan, np.nan
    found = rank(
        tiny, table2(tiny), cells, scores, {"live-params": live},
        statistics=RHO, reference="b", bootstrap=Bootstrap(60, 9),
    )  # fmt: skip
    return found, scores, live, cells


def test_every_row_rests_on_the_cells_where_all_succeeded(tiny: Truth, failing: Failing) -> None:
    found, scores, live, cells = failing
    kept = np.delete(np.arange(11), [2, 5, 7])
    entry = found.cells[CELLS]
    assert (entry.chosen, entry.n) == (11, 8)
    assert entry.distinct == len(set(tiny.representative[cells[kept]].tolist()))
    assert entry.failures == {"live-params": 1, "a": 1, "b": 2}
    assert {record.n for record in found.records} == {8}
    columns = [name for name in found.columns(CELLS) if name != "mean"]
    for proxy in found.proxies:
        x = scores[proxy][kept]
        clean = tiny.values("clean")[cells[kept]]
        rho, partial = (
            {name: found.at(proxy, name, CELLS, statistic).value for name in (*columns, "mean")}
            for statistic in ("spearman", "given live-params")
        )
        assert rho["clean"] == pytest.approx(spearmanr(x, clean).statistic, abs=1e-12)
        pairs = ((x, clean), (x, live[kept]), (clean, live[kept]))
        given_size = float(partial_correlation(*(spearmanr(a, b).statistic for a, b in pairs)))
        assert partial["clean"] == pytest.approx(given_size, abs=1e-12)
        noise = [
            np.mean([spearmanr(x, tiny.values(f"{kind}@{s}")[cells[kept]]).statistic for s in range(1, 6)])
            for kind in ("gaussian_noise", "shot_noise", "impulse_noise")
        ]
        assert rho["noise"] == pytest.approx(np.mean(noise), abs=1e-12)
        for found_values in (rho, partial):
            mean = np.mean([found_values[name] for name in columns])
            assert found_values["mean"] == pytest.approx(mean, abs=1e-12)


def test_intervals_are_those_of_the_value_itself(tiny: Truth) -> None:
    cells = select(tiny)
    scores, live = toy_scores(12)
    found = rank(
        tiny, table2(tiny), cells, scores, {"live-params": live},
        statistics=RHO, reference="a", bootstrap=Bootstrap(50, 2, 0.8),
    )  # fmt: skip
    drawn = [np.repeat(np.arange(12), c.astype(int)) for c in drawn_counts(12, 50, seed=2)[1:]]

    def weather(proxy: str, draw: np.ndarray) -> float:
        rhos = [
            spearmanr(scores[proxy][draw], tiny.values(f"{kind}@{s}")[draw]).statistic
            for kind in ("snow", "fog", "frost")
            for s in range(1, 6)
        ]
        return float(np.mean(rhos))

    first, second = (np.array([weather(p, d) for d in drawn]) for p in ("a", "b"))
    a, b = (found.at(proxy, "weather", CELLS) for proxy in ("a", "b"))
    assert (a.low, a.high) == pytest.approx(np.quantile(first, [0.1, 0.9]), abs=1e-12)
    delta = found.at("b", "weather", CELLS, "difference")
    assert (delta.low, delta.high) == pytest.approx(np.quantile(second - first, [0.1, 0.9]), abs=1e-12)
    assert delta.value == pytest.approx(b.value - a.value, abs=1e-12)


def test_a_table_comes_back_from_json(failing: Failing) -> None:
    content = failing[0].to_json()
    text = json.dumps(content, allow_nan=False)
    assert json.loads(text) == content
    again = Ranking.from_json(shaped(json.loads(text), Content))
    assert repr(again.rows()) == repr(failing[0].rows())
    assert again.cells == failing[0].cells
    assert (again.bootstrap, again.reference) == (Bootstrap(60, 9), "b")
    assert list(content["ranking"]) == [
        *("proxy", "column", "cells", "statistic", "value", "low", "high", "n"),
    ]


def test_selections(failing: Failing) -> None:
    found = failing[0]
    assert found.proxies == ("a", "b", "live_params")
    assert found.statistics(CELLS, "clean") == ("spearman", "given live-params", "difference")
    assert {r.column for r in found.select(column=("clean", "noise"))} == {"clean", "noise"}
    order = found.order("mean", CELLS)
    values = [found.at(proxy, "mean", CELLS).value for proxy in order]
    assert values == sorted(values, reverse=True)
    missing = found.at("c", "clean", CELLS)
    assert np.isnan(missing.value)
    assert missing.n == 0


def test_nothing_left_is_null_and_not_a_number(tiny: Truth) -> None:
    failed = {"a": np.full(12, np.nan)}
    found = rank(
        tiny, table2(tiny), select(tiny), failed, {"live-params": np.ones(12)}, bootstrap=Bootstrap(3)
    )
    assert (found.cells[CELLS].n, found.cells[CELLS].distinct) == (0, 0)
    assert found.cells[CELLS].failures == {"a": 12}
    assert set(found.to_json()["ranking"]["value"]) == {None}


def test_a_constant_score_is_undefined(tiny: Truth) -> None:
    scores = {"flat": np.ones(12), "a": np.arange(12.0)}
    sizes = {"live-params": np.arange(12.0)[::-1]}
    found = rank(tiny, table2(tiny), select(tiny), scores, sizes, bootstrap=Bootstrap(5))
    assert np.isnan(found.at("flat", "mean", CELLS).value)
    assert np.isfinite(found.at("a", "mean", CELLS).value)
    assert np.isnan(found.at("a", "mean", CELLS, "given live-params").value)
    assert found.cells[CELLS].constant == ("flat",)


def test_bad_input_is_refused(tiny: Truth) -> None:
    table, cells, ones = table2(tiny), select(tiny), np.ones(12)
    with pytest.raises(CrozeError, match="needs a proxy and a column, got 0 proxies and 7 columns"):
        rank(tiny, table, cells, {}, {})
    with pytest.raises(CrozeError, match="one of a, got 'b'"):
        rank(tiny, table, cells, {"a": ones}, {}, reference="b")
    with pytest.raises(CrozeError, match=r"a must hold one value per cell, shape \(12,\), got \(11,\)"):
        rank(tiny, table, cells, {"a": ones[1:]}, {})
    with pytest.raises(CrozeError, match="live-params must hold"):
        rank(tiny, table, cells, {"a": ones}, {"live-params": ones[1:]})
    with pytest.raises(CrozeError, match=r"Cells must lie in 0\.\.11, got 1 to 12"):
        rank(tiny, table, cells + 1, {"a": ones}, {})
    with pytest.raises(CrozeError, match=r"The statistics are spearman, .*, got 'gamma'"):
        rank(tiny, table, cells, {"a": ones}, {}, statistics=("gamma",))


def test_without_sizes_no_cell_is_left_out(tiny: Truth) -> None:
    cells = select(tiny)
    scores = {"a": np.random.default_rng(1).normal(size=12)}
    sized, bare = (
        rank(tiny, table2(tiny), cells, scores, sizes, bootstrap=Bootstrap(9))
        for sizes in ({"live-params": np.ones(12)}, {})
    )
    assert bare.cells[CELLS].n == 12
    assert {record.statistic for record in bare.records} == {"spearman"}
    assert bare.select(statistic="spearman") == sized.select(statistic="spearman")
