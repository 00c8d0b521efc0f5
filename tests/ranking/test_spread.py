"""Oracle: SciPy on every draw and every subset of draws."""

from __future__ import annotations

import json
import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from croze.errors import CrozeError
from croze.ranking.spread import Column, spread, usable_cells
from croze.ranking.spread_sheets import notes, spread_sheets

N, DRAWS = 50, 4
RNG = np.random.default_rng(1)
TRUTH = RNG.random(N).round(2)
SCORES = [{"noisy": TRUTH + RNG.normal(size=N), "flat": np.ones(N)} for _ in range(DRAWS)]
SCORES[2]["noisy"][7] = np.nan
USABLE = usable_cells(SCORES)


def found(**settings):
    return spread("batch", range(DRAWS), SCORES, {"clean": TRUTH}, USABLE, **settings)


def test_figures_are_those_of_scipy():
    assert USABLE.sum() == N - 1
    row = found().rows[0]
    y = TRUTH[USABLE]
    values = [one["noisy"][USABLE] for one in SCORES]
    column = row.columns["clean"]
    assert column.rho == pytest.approx([spearmanr(x, y).statistic for x in values], abs=1e-12)
    assert column.deviation == pytest.approx(np.std(column.rho, ddof=1))
    pairs = [spearmanr(a, b).statistic for a, b in combinations(values, 2)]
    assert row.agreement == pytest.approx(np.mean(pairs), abs=1e-12)
    assert row.failures == (0, 0, 1, 0)
    for k in range(1, DRAWS + 1):
        subsets = combinations([rankdata(x) for x in values], k)
        expected = np.mean([spearmanr(np.mean(subset, axis=0), y).statistic for subset in subsets])
        assert column.averaged[k - 1] == pytest.approx(expected, abs=1e-12)
    assert column.averaged[0] == pytest.approx(column.mean, abs=1e-12)


@pytest.mark.parametrize(("tolerance", "needed"), [(0.2, 1), (0.06, 2), (0.02, 3), (0.005, 4)])
def test_needed_is_the_least_that_loses_less_than_the_tolerance(tolerance, needed):
    assert Column((0.5,) * 4, (0.5, 0.55, 0.585, 0.6), tolerance).needed == needed


def test_a_constant_score_has_no_spread():
    row = found().rows[1]
    column = row.columns["clean"]
    assert math.isnan(column.mean)
    assert math.isnan(row.agreement)
    assert column.needed == 0
    content = found().to_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["rows"][1]["columns"]["clean"]["needed"] is None


def test_the_tables():
    over, averaged = spread_sheets(found())
    assert over.note == f"4 draws (seeds 0, 1, 2, 3); n = {N - 1} of {N} cells."
    assert over.rows[0][-1] == "1"
    assert over.rows[1] == ("`flat`", "-", "-", "0")
    assert averaged.head == ("proxy", "column", "k = 1", "k = 2", "k = 3", "k = 4", "needed")
    assert averaged.rows[0][-1] in ("1", "2", "3", "4 or more")
    assert averaged.rows[1][2:] == ("-",) * 5
    single = spread_sheets(spread("batch", [3], SCORES[:1], {"clean": TRUTH}, USABLE))
    assert "±" not in single[0].rows[0][1]
    assert single[1].rows[0][-1] == "1"
    assert "less than 0.01 of rho" in " ".join(notes(0.01))


def test_bad_input_is_refused():
    with pytest.raises(CrozeError, match="draws with their scores, got 0 and 0"):
        spread("batch", [], [], {}, USABLE)
    with pytest.raises(CrozeError, match="tolerance of a loss of rho must be above 0, got 0"):
        found(tolerance=0.0)
