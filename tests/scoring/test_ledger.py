import pickle
from dataclasses import replace

import pytest
import torch

from croze.data import load_batch
from croze.errors import CrozeError
from croze.proxies import parse_proxies
from croze.scoring.costs import MeasuredLatency, TableLatency
from croze.scoring.evaluator import LOST, Evaluator, check_devices, may_pass
from croze.scoring.ledger import Ledger
from croze.scoring.score import failure_reason, score, score_all
from croze.scoring.store import Store
from croze.spaces.nasbench201 import NASBench201
from croze.types import Score

SPACE = NASBench201(channels=4, cells=1)
CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
OTHER = CELL.replace("nor_conv_1x1", "nor_conv_3x3")


class CountingEvaluator(Evaluator):
    """Keeps every request that it computes."""

    def __call__(self, request):
        self.__dict__.setdefault("requests", []).append((request[0], tuple(p.spec for p in request[1])))
        return super().__call__(request)


@pytest.fixture
def evaluator(digits):
    return CountingEvaluator(SPACE, digits, 0)


@pytest.fixture
def ledger(evaluator, tmp_path):
    with Store(tmp_path, evaluator.context) as store:
        opened = Ledger(evaluator, store)
        yield opened
        opened.close()


def requests(ledger):
    return ledger.evaluator.__dict__.get("requests", [])


def test_every_proxy_gets_the_network_it_is_defined_on(digits):
    proxies = parse_proxies("croze-official,params,croze-positional")
    found = Evaluator(SPACE, digits, 3)((CELL, tuple(proxies)))
    by_flavour = {
        flavour: SPACE.build(SPACE.parse(CELL), classes=10, seed=3, flavour=flavour)
        for flavour in ("benchmark", "released")
    }
    assert [s.proxy for s in found] == ["croze-official", "params", "croze-positional"]
    expected = [
        score(by_flavour["released"], digits, "croze-official", seed=3),
        score(by_flavour["benchmark"], digits, "params", seed=3),
        score(by_flavour["benchmark"], digits, "croze-positional", seed=3),
    ]
    assert found == expected
    assert found[0] != score(by_flavour["benchmark"], digits, "croze-official", seed=3)


def test_a_space_of_one_flavour_gives_it_to_all(digits):
    class OneFlavour(NASBench201):
        flavours = ("benchmark",)

    space = OneFlavour(4, 1)
    found = Evaluator(space, digits, 0)((CELL, tuple(parse_proxies("croze-official,params"))))
    network = space.build(space.parse(CELL), classes=10, seed=0)
    assert found == score_all(network, digits, "croze-official,params")


def test_the_seed_is_that_of_the_weights(digits):
    (proxy,) = parse_proxies("croze-positional")
    first, again, other = (Evaluator(SPACE, digits, seed)((CELL, (proxy,)))[0].value for seed in (0, 0, 1))
    assert first == again != other


def test_what_cannot_be_built_is_a_failed_score(digits):
    class Broken(NASBench201):
        def build(self, cell, *, classes, seed, flavour="benchmark"):
            if flavour == "released":
                raise MemoryError("no room\nfor this")
            return super().build(cell, classes=classes, seed=seed, flavour=flavour)

    proxies = tuple(parse_proxies("params,croze-official"))
    good, bad = Evaluator(Broken(4, 1), digits, 0)((CELL, proxies))
    assert good.ok
    assert bad == Score("croze-official", None, reason="MemoryError: no room")


def test_text_that_is_no_architecture_fails_with_the_reason(digits):
    (found,) = Evaluator(SPACE, digits, 0)(("|nonsense|", tuple(parse_proxies("params"))))
    assert not found.ok
    assert "is not a NAS-Bench-201 cell" in found.reason


def test_building_counts_for_the_first_score(digits, monkeypatch):
    ticks = iter(range(1000))
    monkeypatch.setattr("croze.scoring.evaluator.time.perf_counter", lambda: float(next(ticks)))
    first, second = Evaluator(SPACE, digits, 0)((CELL, tuple(parse_proxies("params,live-params"))))
    # one tick for building, one for each measurement
    assert (first.seconds, second.seconds) == (2.0, 1.0)


def test_an_evaluator_travels(digits):
    evaluator = Evaluator(SPACE, digits, 0)
    twin = pickle.loads(pickle.dumps(evaluator))
    request = (CELL, tuple(parse_proxies("croze-positional,params")))
    assert twin(request) == evaluator(request)
    assert twin.context == evaluator.context


def test_whatever_a_score_depends_on_changes_the_context(digits):
    base = Evaluator(SPACE, digits, 0)
    others = [
        Evaluator(SPACE, digits, 1),
        Evaluator(NASBench201(4, 2), digits, 0),
        Evaluator(NASBench201(8, 1), digits, 0),
        Evaluator(SPACE, load_batch("digits", size=9, seed=0), 0),
        Evaluator(SPACE, load_batch("digits", size=8, seed=1), 0),
        Evaluator(SPACE, replace(digits, labels=digits.labels.flip(0)), 0),
        Evaluator(SPACE, replace(digits, mean=tuple(m + 0.1 for m in digits.mean)), 0),
        Evaluator(SPACE, replace(digits, images=(digits.images * 0.999).clone()), 0),
        Evaluator(SPACE, replace(digits, classes=11), 0),
    ]
    contexts = [repr(e.context) for e in (base, *others)]
    assert len(set(contexts)) == len(contexts)
    assert repr(Evaluator(NASBench201(4, 1), load_batch("digits", size=8, seed=0), 0).context) == contexts[0]


def test_the_store_is_asked_first(ledger):
    proxies = parse_proxies("params,live-params")
    first = dict(ledger.scores([CELL, OTHER], proxies))
    assert requests(ledger) == [(CELL, ("params", "live-params")), (OTHER, ("params", "live-params"))]
    again = dict(ledger.scores([OTHER, CELL], proxies))
    assert again == first
    assert len(requests(ledger)) == 2


def test_only_what_is_missing_is_computed(ledger):
    params, live, positional = parse_proxies("params,live-params,croze-positional")
    dict(ledger.scores([CELL], [live]))
    dict(ledger.scores([OTHER], [params, live]))
    ledger.evaluator.requests.clear()
    found = dict(ledger.scores([CELL, OTHER], [positional, live, params]))
    assert requests(ledger) == [(CELL, ("croze-positional", "params")), (OTHER, ("croze-positional",))]
    for scores in found.values():
        assert [s.proxy for s in scores] == ["croze-positional", "live-params", "params"]
        assert all(s.ok for s in scores)
    request = (CELL, (positional, live, params))
    fresh = [replace(s, layers=()) for s in Evaluator(SPACE, ledger.evaluator.batch, 0)(request)]
    assert [replace(s, layers=()) for s in found[CELL]] == fresh


def test_arguments_of_a_proxy_make_another_score(ledger):
    for text in ("croze-paper", "croze-paper(beta=1)", "croze-paper"):
        dict(ledger.scores([CELL], parse_proxies(text)))
    assert [specs for _, specs in requests(ledger)] == [("croze-paper",), ("croze-paper(beta=1)",)]


def test_failures_are_kept_like_scores(ledger):
    proxies = parse_proxies("params")
    first = dict(ledger.scores(["|nonsense|"], proxies))
    assert dict(ledger.scores(["|nonsense|"], proxies)) == first
    assert not first["|nonsense|"][0].ok
    assert len(requests(ledger)) == 1


@pytest.mark.parametrize(
    ("problem", "passes"),
    [
        (MemoryError(), True),
        (MemoryError("no room"), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. can't allocate memory: you tried"),
            True,
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 10 bytes."), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("shapes differ"), False),
        (ValueError("MemoryError is not what this is"), False),
    ],
)
def test_want_of_memory_passes(problem, passes):
    assert may_pass(Score("params", None, reason=failure_reason(problem))) is passes
    assert not may_pass(Score("params", 1.0, reason=failure_reason(problem)))


def test_what_failed_for_want_of_memory_is_tried_again(digits, tmp_path):
    class Scarce(NASBench201):
        scarce = True

        def build(self, cell, **settings):
            if Scarce.scarce:
                raise MemoryError("no room")
            return super().build(cell, **settings)

    evaluator = CountingEvaluator(Scarce(4, 1), digits, 0)
    proxies = parse_proxies("params")
    with Store(tmp_path, evaluator.context) as store:
        ledger = Ledger(evaluator, store)
        (failed,) = dict(ledger.scores([CELL], proxies))[CELL]
        assert failed == Score("params", None, reason="MemoryError: no room")
        assert len(store) == 0
        Scarce.scarce = False
        (good,) = dict(ledger.scores([CELL], proxies))[CELL]
        assert good.ok
        assert store.get(CELL) == {"params": good}
        assert len(requests(ledger)) == 2


def test_each_architecture_once_however_often_it_is_named(ledger):
    found = list(ledger.scores([CELL, OTHER, CELL, CELL], parse_proxies("params")))
    assert [architecture for architecture, _ in found] == [CELL, OTHER]


def test_a_score_is_filed_before_it_is_handed_out(ledger):
    run = ledger.scores([CELL, OTHER], parse_proxies("params"))
    next(run)
    assert ledger._store.get(CELL)
    assert not ledger._store.get(OTHER)


def test_workers_are_not_started_for_what_is_known(ledger, monkeypatch):
    proxies = parse_proxies("params")
    dict(ledger.scores([CELL], proxies))
    ledger.close()

    def started(*arguments, **settings):
        raise AssertionError("workers were started")

    monkeypatch.setattr("croze.scoring.ledger.make_executor", started)
    assert dict(ledger.scores([CELL], proxies))[CELL][0].ok
    assert dict(ledger.scores([], proxies)) == {}
    with pytest.raises(AssertionError, match="workers were started"):
        list(ledger.scores([OTHER], proxies))


def test_the_number_of_threads_outside_changes_no_score(digits, tmp_path):
    found = []
    for threads in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            evaluator = Evaluator(SPACE, digits, 0)
            with Store(tmp_path / str(threads), evaluator.context) as store:
                found.append(dict(Ledger(evaluator, store).scores([CELL], parse_proxies("croze-paper"))))
            assert torch.get_num_threads() == threads
        finally:
            torch.set_num_threads(before)
    assert found[0] == found[1]


def test_more_may_be_submitted_between_two_results(ledger):
    params, live = parse_proxies("params,live-params")
    ledger.submit(CELL, [params, live])
    results = ledger.results()
    assert next(results)[0] == CELL
    ledger.submit(OTHER, [params])
    ledger.submit(CELL, [live])
    found = dict(results)
    assert sorted(found) == sorted([CELL, OTHER])
    assert [s.proxy for s in found[CELL]] == ["live-params"]
    assert list(ledger.results()) == []
    assert len(requests(ledger)) == 2


def test_a_question_in_between_leaves_what_is_in_line(ledger):
    params, live = parse_proxies("params,live-params")
    cells = [CELL, OTHER, CELL.replace("avg_pool_3x3", "none"), OTHER.replace("avg_pool_3x3", "none")]
    for cell in cells:
        ledger.submit(cell, [params])
    results = ledger.results()
    first = next(results)[0]
    between = list(ledger.scores([cells[3], cells[1]], [live]))
    assert sorted(name for name, _ in between) == sorted([cells[3], cells[1]])
    assert [s.proxy for _, scores in between for s in scores] == ["live-params"] * 2
    rest = [name for name, _ in results]
    assert sorted([first, *rest]) == sorted(cells)


def test_a_question_left_half_way_leaves_what_is_in_line(ledger):
    params, live = parse_proxies("params,live-params")
    ledger.submit(CELL, [params])
    run = ledger.scores([OTHER, CELL], [live])
    next(run)
    run.close()
    assert [name for name, _ in ledger.results()] == [CELL]
    assert dict(ledger.scores([OTHER, CELL], [live])).keys() == {OTHER, CELL}


def test_the_same_question_twice_is_computed_once(ledger):
    (params,) = parse_proxies("params")
    ledger.submit(CELL, [params])
    ledger.submit(CELL, [params])
    assert [name for name, _ in ledger.results()] == [CELL, CELL]
    assert len(requests(ledger)) == 1


def test_costs_stand_beside_proxies(ledger):
    (params,) = parse_proxies("params")
    table = TableLatency("table.csv:ms", "0", {CELL: 1.5})
    latency = MeasuredLatency(warm_up=0, repeats=3)
    found = dict(ledger.scores([CELL, OTHER], [table, params, latency]))
    assert [s.proxy for s in found[CELL]] == [table.spec, "params", "latency"]
    assert found[CELL][0].value == 1.5
    assert found[CELL][2].value > 0
    assert found[OTHER][0].reason == f"table.csv:ms has no latency of {OTHER}."
    # what was measured is kept, what was looked up is not
    again = dict(ledger.scores([CELL], [latency, table]))
    assert again[CELL][0].value == found[CELL][2].value
    assert ledger._store.count("latency") == 2
    assert ledger._store.count(table.spec) == 0


def test_what_no_worker_survives_fails_and_is_not_kept(digits):
    evaluator = Evaluator(SPACE, digits, 0)
    request = (CELL, tuple(parse_proxies("params,live-params")))
    lost = evaluator.lost(request)
    assert [(s.proxy, s.ok, s.reason) for s in lost] == [
        ("params", False, LOST),
        ("live-params", False, LOST),
    ]
    assert all(may_pass(score) for score in lost)


def test_devices_are_looked_up_before_any_work():
    assert check_devices(["cpu", "cpu"]) == ("cpu", "cpu")
    with pytest.raises(CrozeError, match=r"The device cuda:99 cannot be used here \(.*cpu always can"):
        check_devices(["cuda:99"])
    with pytest.raises(CrozeError, match=r"The device gpu cannot be used here"):
        check_devices(["gpu"])
    with pytest.raises(CrozeError, match="Devices must be of one type, got cpu, meta"):
        check_devices(["cpu", "meta"])


def test_scores_of_another_kind_of_device_are_kept_apart(digits):
    evaluator = Evaluator(SPACE, digits, 0)
    assert evaluator.on("cpu").context == evaluator.context
    assert "device" not in evaluator.context
    assert replace(evaluator, scores_from="cuda").context == evaluator.context | {"device": "cuda"}
    assert check_devices(["cuda:0", "cuda:1"], here=False) == ("cuda:0", "cuda:1")
