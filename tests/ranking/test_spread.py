"""Oracle: SciPy on every draw and every subset of draws."""

from __future__ import annotations

import json
import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from croze.errors import CrozeError
from croze.ranking import Ranking
from croze.ranking.spread import Spread, rank_draws, usable_cells

N, DRAWS = 50, 4
RNG = np.random.default_rng(1)
TRUTH = RNG.random(N).round(2)
SCORES = [{"noisy": TRUTH + RNG.normal(size=N), "flat": np.ones(N)} for _ in range(DRAWS)]
SCORES[2]["noisy"][7] = np.nan
USABLE = usable_cells(SCORES)
CELLS = "both halves"


def found(scores=SCORES, draws=range(DRAWS), tolerance=0.005):
    ranking = rank_draws("batch", list(draws), scores, {"clean": TRUTH}, USABLE, tolerance)
    return Spread(ranking, ("clean",), {"batch": tuple(draws)}, tolerance, [], {})


def value(spread, proxy, statistic, column="clean"):
    return spread.ranking.at(proxy, column, CELLS, statistic).value


def test_values_are_those_of_scipy():
    assert USABLE.sum() == N - 1
    spread = found()
    y = TRUTH[USABLE]
    values = [one["noisy"][USABLE] for one in SCORES]
    rho = [value(spread, "noisy", f"rho of draw {i}: batch") for i in range(DRAWS)]
    assert rho == pytest.approx([spearmanr(x, y).statistic for x in values], abs=1e-12)
    assert value(spread, "noisy", "deviation over batch") == pytest.approx(np.std(rho, ddof=1))
    over = spread.ranking.at("noisy", "clean", CELLS, "rho over batch")
    assert (over.value, over.low, over.high, over.n) == (
        pytest.approx(np.mean(rho)),
        min(rho),
        max(rho),
        N - 1,
    )
    pairs = [spearmanr(a, b).statistic for a, b in combinations(values, 2)]
    assert value(spread, "noisy", "agreement over batch", "") == pytest.approx(np.mean(pairs), abs=1e-12)
    assert spread.ranking.cells[CELLS].failures == {"noisy": 1}
    for k in range(1, DRAWS + 1):
        subsets = combinations([rankdata(x) for x in values], k)
        expected = np.mean([spearmanr(np.mean(subset, axis=0), y).statistic for subset in subsets])
        assert value(spread, "noisy", f"rho of {k} averaged: batch") == pytest.approx(expected, abs=1e-12)
    assert value(spread, "noisy", "rho of 1 averaged: batch") == pytest.approx(over.value, abs=1e-12)


def test_needed_is_the_least_that_loses_less_than_the_tolerance():
    averaged = [value(found(), "noisy", f"rho of {k} averaged: batch") for k in range(1, DRAWS + 1)]
    losses = [averaged[-1] - one for one in averaged]
    assert losses == sorted(losses, reverse=True)
    for k in range(DRAWS):
        tolerance = losses[k] + 1e-6
        expected = next(i for i, loss in enumerate(losses, start=1) if loss < tolerance)
        assert value(found(tolerance=tolerance), "noisy", "draws needed: batch") == expected == k + 1


def test_a_constant_score_has_no_spread():
    spread = found()
    for statistic in ("rho over batch", "draws needed: batch"):
        assert math.isnan(value(spread, "flat", statistic))
    assert math.isnan(value(spread, "flat", "agreement over batch", ""))
    content = spread.to_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    again = Ranking.from_json(json.loads(json.dumps(content)))
    assert again.rows()[0] == spread.ranking.rows()[0]


def test_the_tables():
    over, averaged = found().sheets()
    assert over.title == "Rho over batch, both halves"
    assert over.note == f"4 draws (seeds 0, 1, 2, 3); n = {N - 1} of {N} cells."
    assert over.rows[0][-1] == "1"
    assert over.rows[1] == ("`flat`", "-", "-", "0")
    assert averaged.head == ("proxy", "column", "k = 1", "k = 2", "k = 3", "k = 4", "needed")
    assert averaged.rows[0][-1] in ("1", "2", "3", "4 or more")
    assert averaged.rows[1][2:] == ("-",) * 5
    single = found(SCORES[:1], [3]).sheets()
    assert "±" not in single[0].rows[0][1]
    assert single[1].rows[0][-1] == "1"


def test_bad_input_is_refused():
    with pytest.raises(CrozeError, match="draws with their scores, got 0 and 0"):
        rank_draws("batch", [], [], {}, USABLE)
    with pytest.raises(CrozeError, match="tolerance of a loss of rho must be above 0, got 0"):
        found(tolerance=0.0)
