import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import spearmanr

from croze.errors import CrozeError
from croze.proxies import Measurement, Proxy, Undefined, parse_proxies
from croze.ranking.assessment import assess
from croze.ranking.table import table2
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.isomorphism import every_cell
from croze.truth import Provenance, Truth

SPACE = NASBench201(channels=4, cells=1)
CELLS = tuple(map(str, every_cell()[5000:15000:600]))
POSITIONS = np.arange(3, len(CELLS))
ACCURACIES = np.random.default_rng(3).random(len(CELLS))


@dataclass(frozen=True)
class Smallness(Proxy):
    """The number of parameters, of which fewer are better."""

    name = "smallness"
    summary = source = "test"
    higher_is_better = False

    def measure(self, passes):
        return Measurement(float(sum(p.numel() for p in passes.model.parameters())))


@dataclass(frozen=True)
class UndefinedBelow(Proxy):
    """Has no value on networks of fewer parameters."""

    least: int = 0

    name = "undefined-below"
    summary = source = "test"

    def measure(self, passes):
        params = sum(p.numel() for p in passes.model.parameters())
        if params < self.least:
            raise Undefined(f"only {params} parameters")
        return Measurement(float(params))


def truth(**changes):
    values = {
        "name": "toy",
        "dataset": "cifar10",
        "architectures": CELLS,
        "representative": np.arange(len(CELLS)),
        "columns": {"clean": ACCURACIES},
        "provenance": Provenance("memory", {}),
    }
    return Truth(**(values | changes))


@pytest.fixture
def ledger(digits, tmp_path):
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store:
        opened = Ledger(evaluator, store)
        yield opened
        opened.close()


def params(positions=POSITIONS):
    networks = [SPACE.build(SPACE.parse(CELLS[i]), classes=10, seed=0) for i in positions]
    return [sum(p.numel() for p in network.parameters()) for network in networks]


def run(ledger, proxies, known=None, **more):
    known = known or truth()
    return assess(known, table2(known), POSITIONS, ledger, proxies, resamples=20, **more)


def test_rho_is_that_of_scipy_and_lower_is_better_is_turned_round(ledger):
    found = run(ledger, [*parse_proxies("params"), Smallness()])
    expected = spearmanr(params(), ACCURACIES[POSITIONS]).statistic
    rhos = {row.proxy: row.columns["clean"].rho for row in found.comparison.rows}
    assert rhos == {"params": pytest.approx(expected), "smallness": pytest.approx(-expected)}
    assert abs(expected) > 0.01
    assert [(d.proxy, d.against) for d in found.comparison.differences] == [("smallness", "params")]
    assert (found.failures, found.reasons, found.shortfall) == ({}, {}, "")


def test_scores_belong_to_their_cells_in_whatever_order_they_come(ledger):
    # what is stored comes first
    dict(ledger.scores([CELLS[i] for i in (9, 4, 12)], parse_proxies("params,live-params")))
    found = run(ledger, parse_proxies("params"))
    expected = spearmanr(params(), ACCURACIES[POSITIONS]).statistic
    assert found.comparison.rows[0].columns["clean"].rho == pytest.approx(expected)


def test_failures_are_counted_with_the_first_reason(ledger):
    sizes = params()
    middle = sorted(sizes)[len(sizes) // 2]
    proxy = UndefinedBelow(middle)
    found = run(ledger, [*parse_proxies("params"), proxy])
    small = [size for size in sizes if size < middle]
    assert found.failures == {proxy.spec: len(small)}
    assert found.reasons == {proxy.spec: f"only {small[0]} parameters"}
    assert found.comparison.cells == len(sizes) - len(small) >= 3
    assert found.shortfall == ""
    assert found.to_json()["failures"][proxy.spec]["cells"] == len(small)


def test_too_few_cells_say_who_failed(ledger):
    proxy = UndefinedBelow(10**9)
    found = run(ledger, [*parse_proxies("params"), proxy])
    count = len(POSITIONS)
    assert found.shortfall == (
        "A comparison needs at least 3 cells on which every proxy succeeded, "
        f"got 0 of {count}: {proxy.spec} failed on {count}."
    )
    known = truth()
    few = assess(known, table2(known), POSITIONS[:2], ledger, parse_proxies("params"), resamples=20)
    assert few.shortfall.endswith("got 2 of 2: choose more cells.")
    three = assess(known, table2(known), POSITIONS[:3], ledger, parse_proxies("params"), resamples=20)
    assert three.shortfall == ""


def test_the_result_is_ready_for_json(ledger):
    result = run(ledger, parse_proxies("params")).to_json()
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    # the control is timed too
    assert list(result["milliseconds_per_cell"]) == ["params", "live-params"]
    assert all(ms > 0 for ms in result["milliseconds_per_cell"].values())
    stored = [ledger._store.get(CELLS[i])["params"].seconds for i in POSITIONS]
    assert math.isclose(result["milliseconds_per_cell"]["params"], 1000 * sum(stored) / len(stored))


def test_every_cell_is_watched_and_the_control_may_be_a_proxy(ledger):
    seen = []
    found = run(ledger, parse_proxies("live-params"), watch=seen.append)
    assert seen == list(range(1, len(POSITIONS) + 1))
    assert list(found.milliseconds) == ["live-params"]


def test_what_makes_no_sense_is_refused(ledger):
    (proxy,) = parse_proxies("params")
    with pytest.raises(CrozeError, match="needs proxies, each once, got none"):
        run(ledger, [])
    with pytest.raises(CrozeError, match="each once, got params, params"):
        run(ledger, [proxy, proxy])
    with pytest.raises(CrozeError, match="are of the space darts, got a ledger of nasbench201"):
        run(ledger, [proxy], truth(space="darts"))
    known = truth()
    with pytest.raises(CrozeError, match="at least one cell, got none"):
        assess(known, table2(known), POSITIONS[:0], ledger, [proxy])
