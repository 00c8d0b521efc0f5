"""`croze.search`: arguments, folders, what goes on where it was."""

import json
import re

import pytest

import croze
from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.costs import MeasuredLatency, TableLatency
from croze.scoring.evaluator import Evaluator
from croze.searching.limits import Limits
from croze.searching.objectives import Objective, objective_of
from croze.searching.run import FILE, RESULT, SearchRun
from croze.searching.search import Saver, check_folder, fingerprint, search_settings
from croze.spaces.nasbench201 import NASBench201


@pytest.fixture
def make(digits):
    def settings(
        *,
        space=None,
        seed=0,
        proxy="params",
        algorithm="random",
        own=None,
        limits=None,
        more=(),
        guide=None,
        in_flight=32,
        maximise=True,
    ):
        evaluator = Evaluator(space or NASBench201(4, 1), digits, seed)
        objectives = [Objective(parse_proxy(proxy), maximise), *map(objective_of, more)]
        return search_settings(
            evaluator,
            objectives,
            algorithm,
            own or {},
            limits or Limits(),
            guide=None if guide is None else parse_proxy(guide),
            in_flight=in_flight,
        )

    return settings


def test_whatever_decides_a_search_changes_its_fingerprint(make):
    others = [
        make(),
        make(space=NASBench201(4, 2)),
        make(seed=1),
        make(proxy="flops"),
        make(algorithm="evolution"),
        make(own={"population": 5}),
        make(limits=Limits(params=5)),
        make(limits=Limits(flops=5)),
        make(limits=Limits(live_params=5)),
        make(limits=Limits(latency=5.0)),
        make(limits=Limits(latency=5.0, latency_from=TableLatency("a.csv:ms", "1", {}))),
        make(limits=Limits(latency=5.0, latency_from=TableLatency("a.csv:ms", "2", {}))),
        make(more=[parse_proxy("flops")]),
        make(more=[MeasuredLatency()]),
        make(more=[TableLatency("a.csv:ms", "1", {})]),
        make(more=[TableLatency("a.csv:ms", "2", {})]),
        make(maximise=False),
        make(guide="snip"),
        make(guide="te-nas"),
        make(in_flight=8),
    ]
    found = [fingerprint(settings) for settings in others]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch("[0-9a-f]{8}", one) for one in found)
    assert fingerprint({**make(), "budget": 7, "data": "digits"}) == found[0]
    assert fingerprint(dict(reversed(make().items()))) == found[0]


@pytest.mark.parametrize("name", [FILE, RESULT])
def test_a_folder_of_the_same_search_is_free(make, tmp_path, name):
    settings = make(own={"population": 5})
    check_folder(tmp_path / "new", settings)
    check_folder(tmp_path, settings)
    (tmp_path / name).write_text(json.dumps({"settings": {**settings, "budget": 3, "data": "x"}}))
    check_folder(tmp_path, settings)
    with pytest.raises(CrozeError, match="differs in population: name another folder"):
        check_folder(tmp_path, make())
    with pytest.raises(CrozeError, match="differs in population: name another folder"):
        check_folder(tmp_path, make(own={"population": 6}))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"settings": 3}', '{"settings": null}', "\udcff"])
def test_a_file_that_is_no_result(make, tmp_path, text):
    (tmp_path / FILE).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(
        CrozeError,
        match=r"no result of a search|cannot be read as JSON|must hold a JSON object",
    ):
        check_folder(tmp_path, make())


@pytest.fixture
def search(tmp_path, monkeypatch):
    """A small search of eight cells, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    space = NASBench201(4, 1)

    def searched(**arguments):
        return croze.search(space, **{"proxy": "params", "budget": 8, "algorithm": "random"} | arguments)

    return searched


def test_a_search_is_saved_and_goes_on(search, monkeypatch):
    run = search(out="run", seed=3)
    assert (run.status, run.folder.name, len(run.candidates)) == ("finished", "run", 8)
    assert run.best.params == run.best.score == max(found.params for found in run.candidates)
    assert SearchRun.load("run").candidates == run.candidates

    def computed(self, request):
        raise AssertionError("computed again")

    with monkeypatch.context() as patch:
        patch.setattr(Evaluator, "__call__", computed)
        assert search(out="run", seed=3).candidates == run.candidates
    longer = search(out="run", seed=3, budget=12)
    assert len(longer.candidates) == 12
    assert [f.scores for f in longer.candidates[:8]] == [f.scores for f in run.candidates]
    with pytest.raises(CrozeError, match=r"search\.json is the result of another search, .* seed"):
        search(out="run", seed=4)


def test_texts_and_values_are_the_same_search(search, digits):
    texts = search(proxy="snip", data="digits")
    values = search(proxy=parse_proxy("snip"), data=digits, out="values")
    assert re.fullmatch("nasbench201-snip-digits-random-seed0-[0-9a-f]{8}", texts.folder.name)
    assert texts.folder.parent.name == "runs"
    assert values.candidates == texts.candidates
    assert fingerprint(values.settings) == fingerprint(texts.settings)


def test_objectives_may_be_texts_or_values(search):
    run = search(proxy=None, maximize="snip", minimize=["flops", MeasuredLatency()], algorithm=None)
    assert [str(goal) for goal in run.goals] == ["max snip", "min flops", "min latency"]
    assert run.settings["algorithm"] == "nsga2"
    assert run.best in run.front
    assert SearchRun.load(run.folder).objectives[2].target == MeasuredLatency()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"maximize": "snip"}, "either as `proxy` or as `maximize` and `minimize`"),
        ({"max_params": 0}, "A limit on params is a number of at least 1, got 0"),
        ({"algorithm": "AE+warmup", "pool": 100}, "take a smaller `pool`, a larger `budget`, or a `guide`"),
        ({"population": 5}, "random has no setting population"),
        ({"device": "cuda:99"}, "cuda:99"),
        ({"proxy": 3}, "A proxy is a name or a croze Proxy"),
    ],
)
def test_what_does_not_go_together_is_refused(search, arguments, message, tmp_path):
    with pytest.raises(CrozeError, match=re.escape(message)):
        search(**arguments)
    assert list(tmp_path.iterdir()) == [], "found before anything was written"


class Told:
    """Keeps what a search tells, and may stop it."""

    def __init__(self, stop_at=None):
        self.told, self.guide, self.stop_at = [], [], stop_at

    def __call__(self, what, done, total, remark):
        if remark.startswith("guide: "):
            self.guide.append(tuple(map(int, remark.removeprefix("guide: ").split(" of "))))
            return
        self.told.append((what, done, total))
        if done == self.stop_at:
            raise KeyboardInterrupt


def test_whoever_watches_is_told(search):
    watch = Told()
    search(out="run", watch=watch)
    assert watch.told == [("params on nasbench201", done, 8) for done in range(9)]
    guided = Told()
    search(out="guided", watch=guided, algorithm="random+warmup", guide="flops", pool=20)
    assert guided.told[0] == ("params on nasbench201", 0, 8)
    assert guided.guide[-1][0] == guided.guide[-1][1] > 8


def test_while_a_search_runs_it_is_written_when_there_is_something_new():
    class Written:
        times = 0

        def save(self):
            self.times += 1

    written = Written()
    saver = Saver(lambda: written, every=0.0)
    saver.update([])
    assert written.times == 0
    saver.update([1])
    saver.update([1])
    assert written.times == 1
    Saver(lambda: written, every=60.0).update([1])
    assert written.times == 1


def test_a_search_that_is_stopped_is_an_unfinished_one(search, monkeypatch):
    monkeypatch.setattr("croze.searching.search.EVERY", 0.0)
    monkeypatch.setattr("croze.searching.search.SHARE", 1e9)
    with pytest.raises(KeyboardInterrupt):
        search(out="run", watch=Told(stop_at=7), in_flight=4)
    run = SearchRun.load("run")
    assert (run.status, len(run.candidates)) == ("unfinished", 4)
    assert run.best is not None
    assert "has not finished: 4 of 8" in run.page().notices[0]
    finished = search(out="run", in_flight=4)
    assert finished.status == "finished"
    assert [f.scores for f in finished.candidates[:4]] == [f.scores for f in run.candidates]
