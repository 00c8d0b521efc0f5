import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from croze.corruptions.names import CORRUPTIONS
from croze.errors import CrozeError
from croze.proxies import (
    AGGREGATES,
    PROXIES,
    Aggregate,
    Measurement,
    Proxy,
    Undefined,
    parse_proxies,
    parts_of,
)
from croze.ranking import Bootstrap, rank_scored
from croze.ranking.columns import every_column
from croze.ranking.criteria import (
    agree,
    catalogue,
    counterparts,
    criteria_of,
    is_own,
    named_criteria,
    proxy_of,
)
from croze.ranking.ranking import CONTROL, GIVEN_SIZE, OWN
from croze.ranking.scored import collect, time_alone
from croze.ranking.survey import BOTH, rank_halves
from croze.ranking.survey import CHOOSE as CHOOSE_CELLS
from croze.ranking.survey import REPORT as REPORT_CELLS
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.truth import Provenance, PublishedScores, Truth

SPACE = NASBench201(channels=2, cells=1)
CELLS = tuple(map(str, every_cell()[5000:14994:263]))
CHOOSE, REPORT = np.arange(18), np.arange(18, 38)
NAMES = ("clean", "fgsm@4", "fgsm@8", "pgd@1", *(f"{kind}@{s}" for kind in CORRUPTIONS for s in range(1, 6)))


def _size(passes):
    return sum(p.numel() for p in passes.model.parameters())


@dataclass(frozen=True)
class Smallness(Proxy):
    """The number of parameters, of which fewer are better."""

    name = "smallness"
    summary = "size | less is better"
    source = "test"
    higher_is_better = False

    def measure(self, passes):
        return Measurement(float(_size(passes)))


@dataclass(frozen=True)
class Constant(Proxy):
    """The same for all."""

    name = "constant"
    summary = source = "test"
    needs_images = False

    def measure(self, passes):
        return Measurement(1.0)


@dataclass(frozen=True)
class UndefinedBelow(Proxy):
    """Has no value on networks of fewer parameters."""

    least: int = 0

    name = "undefined-below"
    summary = source = "test"
    needs_labels = True

    def measure(self, passes):
        size = _size(passes)
        if size < self.least:
            raise Undefined(f"only {size} | parameters")
        return Measurement(float(size))


def sizes(positions):
    networks = [SPACE.build(SPACE.parse(CELLS[i]), classes=10, seed=0) for i in positions]
    return np.array([sum(p.numel() for p in network.parameters()) for network in networks])


@pytest.fixture(scope="session")
def truth():
    rng = np.random.default_rng(3)
    columns = {name: rng.random(len(CELLS)) for name in (*NAMES, "corruptions")}
    twin = np.arange(len(CELLS))
    return Truth("toy", "cifar10", CELLS, twin, columns, Provenance("memory", {}))


@pytest.fixture
def evaluator(digits):
    return Evaluator(SPACE, digits, 0)


@pytest.fixture
def ledger(evaluator, tmp_path):
    with Store(tmp_path / "scores", evaluator.context) as store:
        opened = Ledger(evaluator, store)
        yield opened
        opened.close()


def run(truth, ledger, criteria, watch=lambda done: None):
    scored = collect(ledger, CELLS, parts_of([*criteria, CONTROL]), watch)
    return rank_halves(truth, every_column(truth), CHOOSE, REPORT, scored, criteria, Bootstrap(20))


def rho(values, column, truth, positions):
    return spearmanr(values, truth.values(column)[positions]).statistic


def test_rho_is_that_of_scipy_on_either_half(truth, ledger):
    seen = []
    found = run(truth, ledger, [*parse_proxies("params"), Smallness()], watch=seen.append)
    assert seen == list(range(1, len(CELLS) + 1))
    sets = ((CHOOSE_CELLS, CHOOSE), (REPORT_CELLS, REPORT), (BOTH, np.arange(38)))
    for cells, positions in sets:
        entry = found.cells[cells]
        assert (entry.chosen, entry.n, entry.failures) == (len(positions), len(positions), {})
        assert entry.common == ("params", "smallness")
        size = sizes(positions)
        for spec, sign in (("params", 1), ("smallness", -1)):
            for column in ("clean", "fgsm@8", "pgd@1", "corruptions"):
                line = found.at(spec, column, cells)
                assert line.value == pytest.approx(sign * rho(size, column, truth, positions))
                assert line.low <= line.high
                assert line.n == len(positions)
                assert found.at(spec, column, cells + OWN).value == line.value
            by_kind = [
                np.mean([rho(size, f"{kind}@{s}", truth, positions) for s in range(1, 6)])
                for kind in CORRUPTIONS
            ]
            fog = sign * by_kind[CORRUPTIONS.index("fog")]
            assert found.at(spec, "fog", cells).value == pytest.approx(fog)
            assert math.isnan(found.at(spec, "apgd-ce@1", cells).value)


def test_the_partial_rho_holds_live_parameters_fixed(truth, ledger):
    found = run(truth, ledger, parse_proxies("l2-norm,live-params"))
    scores = [ledger._store.get(CELLS[i]) for i in REPORT]
    norm, live = (rankdata([s[spec].value for s in scores]) for spec in ("l2-norm", "live-params"))
    measured = rankdata(truth.values("clean")[REPORT])

    def left(values):
        design = np.stack([np.ones(len(live)), live], axis=1)
        return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]

    expected = np.corrcoef(left(norm), left(measured))[0, 1]
    given = {spec: found.at(spec, "clean", REPORT_CELLS, GIVEN_SIZE).value for spec in found.proxies}
    assert given["l2-norm"] == pytest.approx(expected)
    assert math.isnan(given["live-params"])


def test_a_constant_score_has_no_rho(truth, ledger):
    found = run(truth, ledger, [Constant(), *parse_proxies("params")])
    assert found.cells[REPORT_CELLS].common == ("constant", "params")
    lines = found.select(proxy="constant", cells=(REPORT_CELLS, REPORT_CELLS + OWN))
    assert {line.n for line in lines} == {len(REPORT)}
    assert all(math.isnan(line.value) and math.isnan(line.low) for line in lines)


def test_who_fails_often_stands_on_its_own_cells(truth, ledger):
    size = sizes(REPORT)
    often = UndefinedBelow(int(np.sort(size)[len(size) // 2]))
    found = run(truth, ledger, [often, *parse_proxies("params")])
    entry = found.cells[REPORT_CELLS]
    assert entry.n == len(REPORT) == found.at("params", "clean", REPORT_CELLS).n
    assert entry.common == ("params",)
    kept = size >= often.least
    assert entry.failures == {often.spec: (~kept).sum()}
    assert entry.reasons == {often.spec: f"only {size[~kept][0]} | parameters"}
    for cells in (REPORT_CELLS, REPORT_CELLS + OWN):
        line = found.at(often.spec, "clean", cells)
        assert line.n == kept.sum()
        assert line.value == pytest.approx(rho(size[kept], "clean", truth, REPORT[kept]))


def test_who_fails_seldom_takes_its_cells_from_all(truth, ledger, monkeypatch):
    monkeypatch.setattr("croze.ranking.ranking.FEW", 0.6)
    size = sizes(REPORT)
    seldom = UndefinedBelow(int(np.sort(size)[3]))
    found = run(truth, ledger, [*parse_proxies("params"), seldom])
    kept = size >= seldom.least
    assert found.cells[REPORT_CELLS].n == kept.sum() < len(REPORT)
    shared, own = (found.at("params", "clean", cells) for cells in (REPORT_CELLS, REPORT_CELLS + OWN))
    assert (shared.n, own.n) == (kept.sum(), len(REPORT))
    assert shared.value == pytest.approx(rho(size[kept], "clean", truth, REPORT[kept]))
    assert own.value == pytest.approx(rho(size, "clean", truth, REPORT))


def test_an_aggregate_ranks_the_cells_of_the_half(truth, ledger):
    pair = Aggregate("rank", (*parse_proxies("l2-norm"), Smallness()), "pair", "a pair", "test")
    found = run(truth, ledger, [pair])
    for cells, positions in ((CHOOSE_CELLS, CHOOSE), (BOTH, np.arange(38))):
        norm = [ledger._store.get(CELLS[i])["l2-norm"].value for i in positions]
        combined = rankdata(norm) + rankdata(-sizes(positions))
        expected = rho(combined, "clean", truth, positions)
        assert found.at("pair", "clean", cells).value == pytest.approx(expected)


def test_an_aggregate_fails_where_a_part_does(truth, ledger):
    size = sizes(REPORT)
    part = UndefinedBelow(int(size.max()))
    pair = Aggregate("rank", (*parse_proxies("params"), part), "pair", "a pair", "test")
    entry = run(truth, ledger, [pair, *parse_proxies("params")]).cells[REPORT_CELLS]
    assert entry.failures == {"pair": (size < size.max()).sum()}
    assert entry.reasons == {"pair": f"{part.spec}: only {size[size < size.max()][0]} | parameters"}


def test_nobody_succeeds(truth, ledger):
    never = UndefinedBelow(10**9)
    found = run(truth, ledger, [never])
    assert (found.cells[REPORT_CELLS].n, found.cells[REPORT_CELLS].common) == (0, ())
    assert math.isnan(found.at(never.spec, "clean", REPORT_CELLS).value)
    content = found.to_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_scores_are_found_again(truth, ledger, monkeypatch):
    first = run(truth, ledger, parse_proxies("params,l2-norm"))

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    assert run(truth, ledger, parse_proxies("params,l2-norm")).to_json() == first.to_json()


def test_architectures_are_scored_once(ledger):
    with pytest.raises(CrozeError, match="architectures, each once, got 2 of which 1 differ"):
        collect(ledger, [CELLS[0]] * 2, parse_proxies("params"))


def test_every_criterion_is_every_name_with_the_components_and_aggregates():
    criteria = criteria_of(" all ")
    specs = [criterion.spec for criterion in criteria]
    assert len(set(specs)) == len(specs)
    assert {*PROXIES, *AGGREGATES} <= set(specs)
    alone = [spec for spec in specs if "components=" in spec]
    assert len(alone) == 8
    assert "croze-paper(components=features)" in alone
    assert "croze-official(components=gradients)" in alone
    # the default of croze-positional
    assert "croze-positional(components=gradients)" not in alone
    assert [c.spec for c in criteria_of("params,te-nas")] == ["params", "te-nas"]
    with pytest.raises(CrozeError, match="Unknown proxy 'nothing'"):
        criteria_of("nothing")


def test_named_criteria_are_proxies_and_aggregates_without_components():
    specs = [criterion.spec for criterion in named_criteria()]
    assert specs == [*(kind().spec for kind in PROXIES.values()), *AGGREGATES]
    own = {criterion.spec for criterion in named_criteria() if is_own(criterion)}
    assert {"croze-robust", "croze-positional"} <= own
    assert not {"croze-official", "croze-paper", "params", "az-nas", "meco"} & own


def test_without_the_control_there_are_no_partial_rhos(truth, ledger):
    criteria = parse_proxies("params")
    scored = collect(ledger, [CELLS[i] for i in REPORT], criteria)
    found = rank_scored(
        truth, every_column(truth), REPORT, scored, criteria, cells="report", bootstrap=Bootstrap(5)
    )
    line = found.at("params", "clean", "report")
    assert line.value == pytest.approx(rho(sizes(REPORT), "clean", truth, REPORT))
    assert math.isnan(found.at("params", "clean", "report", GIVEN_SIZE).value)
    values = [found.at("params", column.name, "report").value for column in every_column(truth).columns]
    assert found.at("params", "mean", "report").value == pytest.approx(np.mean(values))


def test_the_catalogue_says_what_each_needs():
    entries = {e.name: e for e in catalogue([*criteria_of("all"), Constant(), UndefinedBelow(3)])}
    assert list(entries)[: len(PROXIES)] == list(PROXIES)
    for name, kind in PROXIES.items():
        entry = entries[name]
        assert (entry.summary, entry.source, entry.dtype) == (kind.summary, kind.source, kind.dtype)
        needs = (kind.needs_labels, kind.needs_gradients, kind.needs_images)
        assert (entry.labels, entry.gradients, entry.images) == needs
    assert "components=features+parameters+gradients" in entries["croze-paper"].arguments
    assert "epsilon_normalised=0.01" in entries["croze-paper"].arguments
    assert entries["undefined-below"].arguments == "least=0"
    assert not entries["constant"].images
    aggregate = AGGREGATES["te-nas"]
    assert entries["te-nas"].arguments == aggregate.definition
    assert entries["te-nas"].images == any(part.needs_images for part in aggregate.parts)


def test_times_are_those_of_one_criterion_alone(evaluator, monkeypatch):
    asked = []
    call = Evaluator.__call__

    def noted(self, request):
        asked.append((request[0], tuple(proxy.spec for proxy in request[1])))
        return call(self, request)

    monkeypatch.setattr(Evaluator, "__call__", noted)
    pair = Aggregate("rank", tuple(parse_proxies("params,l2-norm")), "pair")
    never = UndefinedBelow(10**9)
    seen = []
    found = time_alone(
        evaluator,
        CELLS[:3],
        [pair, *parse_proxies("params"), never],
        lambda what, done, total: seen.append((done, total)),
    )
    assert asked[:3] == [
        (CELLS[0], ("params", "l2-norm")),
        (CELLS[0], ("params",)),
        (CELLS[0], (never.spec,)),
    ]
    assert seen == [(done, 9) for done in range(1, 10)]
    assert list(found) == ["pair", "params", never.spec]
    assert 0 < found["params"] < 10_000
    assert math.isnan(found[never.spec])


def test_agreement_with_published_scores(digits, tmp_path):
    cells = CELLS[:6]
    evaluator = Evaluator(SPACE, digits, 0)
    size = sizes(range(6))
    millions = size / 1e6
    off = millions.copy()
    off[2] += 1e-6
    snip = np.array([1.0, 2.0, math.nan, 4.0, 5.0, 3.0])
    columns = {"params": millions, "flops": off, "snip": snip}
    published = PublishedScores(cells, columns, "theirs.csv", "0")
    pairs = counterparts(parse_proxies("params,rank(snip,l2-norm)"))
    assert [pair.spec for pair in pairs] == ["l2-norm", "params", "snip"]
    assert [pair.column for pair in counterparts(parse_proxies("flops"))] == ["flops"]
    pairs = [pair for pair in pairs if pair.column in columns]
    positions = np.array([5, 0, 1, 2, 3])
    with Store(tmp_path, evaluator.context) as store:
        scored = collect(Ledger(evaluator, store), cells, parse_proxies("params,snip"))
    params, other = agree(published, positions, scored, pairs)
    assert (params.spec, params.column, params.n, params.rho, params.differing) == (
        "params",
        "params",
        5,
        1,
        0,
    )
    mine = scored.columns([cells[i] for i in positions])["snip"]
    theirs = snip[positions]
    kept = np.isfinite(mine) & np.isfinite(theirs)
    assert (other.n, other.differing, other.published_failed) == (kept.sum(), None, 1)
    assert other.rho == pytest.approx(spearmanr(mine[kept], theirs[kept]).statistic)
    assert json.loads(json.dumps(other.to_json(), allow_nan=False))["published_failed"] == 1
    # one count that is off by one is seen
    moved = PublishedScores(cells, {"params": off}, "theirs.csv", "0")
    assert agree(moved, positions, scored, pairs[:1])[0].differing == 1


def test_every_counterpart_is_a_proxy_of_this_package():
    pairs = counterparts(criteria_of("all"))
    assert len(pairs) == 13
    assert [proxy_of(pair).spec for pair in pairs] == [pair.spec for pair in pairs]
    assert [p.spec for p in parts_of([proxy_of(pair) for pair in pairs])] == [p.spec for p in pairs]
