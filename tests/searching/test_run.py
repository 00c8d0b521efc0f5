"""A search as a value: the winner, the files, the table, and that all of them agree."""

import json
import random

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.nn.count import flop_count, live_parameter_count, parameter_count
from croze.proxies.ntk import Ntk
from croze.proxies.size import Flops, Params
from croze.scoring.costs import MeasuredLatency
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.charts import against_goal, against_size, search_charts
from croze.searching.history import SearchHistory
from croze.searching.limits import Limits
from croze.searching.objectives import Objective, objective_of
from croze.searching.run import FILE, NETWORK, RESULT, TOP, SearchRun
from croze.searching.search import MOST_IMAGES, run_of, search_settings, with_sizes
from croze.spaces.nasbench201 import NASBench201
from croze.types import Score

SPACE = NASBench201(channels=4, cells=1)
CELLS = [SPACE.sample(random.Random(i)) for i in range(6)]
VALUES = [1.0, 5.0, None, 3.0, 5.0, -2.0]
FLOPS = [5.0, 7.0, 1.0, 9.0, 3.0, 1.0]
ONE = [objective_of(Params())]
LESS = [objective_of(Ntk())]
TWO = [Objective(Params(), True), Objective(Flops(), False)]


@pytest.fixture
def make(digits, tmp_path):
    """Makes the run of six candidates as `croze.search` does."""

    def made(objectives=ONE, values=VALUES, *, finished=True, measured=True, ended="", budget=6):
        history = SearchHistory(budget, objectives)
        rows = [
            [
                Score(o.spec, v, "" if v is not None else "undefined")
                for o, v in zip(objectives, row, strict=False)
            ]
            for row in zip(values, FLOPS, strict=False)
        ]
        history.add(list(zip(CELLS, rows, strict=False)))
        history.rejected, history.ended = 2, ended
        evaluator = Evaluator(SPACE, digits, 0)
        settings = search_settings(evaluator, objectives, "random", {}, Limits())
        with Store(tmp_path, evaluator.context) as store, Ledger(evaluator, store) as ledger:
            run = run_of(
                history, ledger, tmp_path, {**settings, "budget": budget, "data": "digits"}, finished=finished
            )
        return with_sizes(run, evaluator) if measured and finished else run

    return made


def failing(count=6):
    return [None] * count


@pytest.mark.parametrize(("objectives", "order"), [(ONE, [1, 4, 3, 0, 5]), (LESS, [5, 0, 3, 1, 4])])
def test_the_best_come_first_and_failures_not_at_all(make, objectives, order):
    run = make(objectives)
    assert [found.architecture for found in run.ranking] == [str(CELLS[i]) for i in order]
    assert [found.score for found in run.ranking] == [VALUES[i] for i in order]
    assert run.best == run.ranking[0]
    assert [row["rank"] for row in run.result()["top"]] == [1, 2, 3, 4, 5]
    assert run.reasons == {"undefined": 1}


def test_by_several_objectives_the_best_is_the_compromise(make):
    run = make(TWO)
    assert [found.architecture for found in run.front] == [str(CELLS[i]) for i in (4, 5)]
    # the first is beaten by one in params and by one in flops, the second by four in params
    assert run.best == run.front[0]
    result = run.result()
    assert result["best"] == result["front"][0]
    assert [row["scores"] for row in result["front"]] == [
        {"params": 5.0, "flops": 3.0},
        {"params": -2.0, "flops": 1.0},
    ]
    assert "top" not in result
    assert run.table().head == ("rank", "architecture", "parameters", "live", "multiply-adds")


def test_each_of_the_shown_is_measured(make, digits):
    run = make()
    for row in run.result()["top"]:
        network = SPACE.build(SPACE.parse(row["architecture"]), classes=10, seed=0)
        assert (row["params"], row["flops"]) == (parameter_count(network), flop_count(network, (3, 32, 32)))
        assert row["live_params"] == live_parameter_count(network, digits.normalised()[:MOST_IMAGES])
        assert row["parts"] == row["scores"] == {"params": row["score"]}


def test_measuring_takes_one_thread(make, monkeypatch):
    import torch

    seen = []

    def count(network, inputs):
        seen.append(torch.get_num_threads())
        return 1

    monkeypatch.setattr("croze.searching.search.live_parameter_count", count)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        make()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1] * 5


def test_what_cannot_be_measured_is_not_known(make, monkeypatch):
    def count(network, shape):
        raise RuntimeError("no")

    monkeypatch.setattr("croze.searching.search.flop_count", count)
    run = make()
    assert [found.flops for found in run.ranking] == [None] * 5
    assert {row[-1] for row in run.table().rows} == {"–"}


def test_the_result_as_data(make):
    result = make(ended="used up").result()
    assert result["format"] == {"kind": "search", "version": 2}
    assert result["scored"] == 6
    assert result["failed"] == [{"architecture": str(CELLS[2]), "reason": "undefined"}]
    assert (result["rejected_by_limits"], result["ended_early"]) == (2, "used up")
    assert (result["settings"]["budget"], result["settings"]["data"]) == (6, "digits")
    assert set(result["provenance"]) == {"command", "made", "versions", "machine"}
    nothing = make(values=failing()).result()
    assert (nothing["best"], nothing["top"], nothing["ended_early"]) == (None, [], None)


RUNS = {
    "finished": {},
    "front": {"objectives": TWO},
    "latency": {"objectives": [Objective(Params(), True), objective_of(MeasuredLatency())]},
    "unfinished": {"finished": False, "budget": 60},
    "begun": {"values": [], "finished": False},
    "unfinished front": {"objectives": TWO, "finished": False, "budget": 60},
    "failed": {"values": failing()},
    "ended early": {"ended": "used up", "budget": 60},
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_comes_back_from_its_folder(make, name, tmp_path):
    run = make(**RUNS[name])
    run.save()
    again = SearchRun.load(tmp_path)
    for attribute in (
        *("folder", "settings", "described", "classes", "candidates", "finished", "ended", "rejected"),
        *("guided", "device_seconds", "provenance", "status", "reason", "goals", "best", "front", "ranking"),
        *("reasons", "title", "table", "rows", "result", "objectives", "space", "__repr__"),
    ):
        one, other = getattr(run, attribute), getattr(again, attribute)
        assert (one() if callable(one) else one) == (other() if callable(other) else other), attribute
    np.testing.assert_array_equal(run.values, again.values)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again.save()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert again.page().kind == "search"


def test_status_and_reason(make):
    assert (make().status, make().reason) == ("finished", "")
    assert (make(finished=False).status, make(finished=False).reason) == ("unfinished", "")
    failed = make(values=failing())
    assert (failed.status, failed.best) == ("failed", None)
    assert failed.reason == "All 6 architectures failed, 6 because: undefined"
    assert make(values=failing(), ended="More than half failed").reason == "More than half failed"
    assert make(ended="used up").reason == "used up"


@pytest.mark.parametrize("objectives", [ONE, LESS, TWO])
def test_table_star_result_and_network_agree(make, objectives, tmp_path):
    run = make(objectives)
    run.save()
    name = run.best.architecture
    star = against_goal(run, 1) if run.several else against_size(run, "params")
    assert star.indices[star.winner] == run.best_index
    assert run.candidates[run.best_index].architecture == name
    starred = (
        [row for row in run.table().rows if row[0].endswith("*")] if run.several else run.table().rows[:1]
    )
    assert [row[1] for row in starred] == [name]
    assert json.loads((tmp_path / RESULT).read_text())["best"]["architecture"] == name
    assert name in (tmp_path / NETWORK).read_text()
    assert run.page().subject == name


def test_while_it_is_unfinished_only_the_candidates_are_on_file(make, tmp_path):
    make(finished=False).save()
    assert (tmp_path / FILE).is_file()
    assert not (tmp_path / RESULT).exists()
    assert not (tmp_path / NETWORK).exists()


def test_a_search_without_a_winner_has_no_network(make, tmp_path):
    run = make(values=failing())
    run.save()
    assert not (tmp_path / NETWORK).exists()
    assert search_charts(run) == ()
    with pytest.raises(CrozeError, match="found no architecture so far"):
        run.export()
    with pytest.raises(CrozeError, match="nothing to draw"):
        run.plot(tmp_path / "progress.png")


def test_every_candidate_is_a_row(make):
    rows = make(TWO).rows()
    assert [row["architecture"] for row in rows] == list(map(str, CELLS))
    assert [row["params"] for row in rows if row["reason"]] == [None]
    assert [row["front"] for row in rows] == [i in (4, 5) for i in range(6)]
    assert [row["best"] for row in rows] == [i == 4 for i in range(6)]


def test_the_table_is_short_and_the_repr_says_what_matters(make):
    run = make()
    table = run.table()
    assert table.title == "Best of 6 architectures by params on nasbench201, digits, seed 0"
    assert len(table.rows) == min(TOP, 5)
    assert repr(run) == (
        f"<SearchRun {run.folder}, finished: 6 of 6 architectures by params on nasbench201, digits, seed 0; "
        f"best {CELLS[1]} with params 5>"
    )
    assert "no winner" in repr(make(values=failing()))


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
@pytest.mark.parametrize("objectives", [ONE, TWO])
def test_the_chart_of_the_result_on_file(make, objectives, ending, tmp_path):
    path = tmp_path / "below" / f"front.{ending}"
    make(objectives).plot(path)
    assert path.stat().st_size > 1000


def test_a_notebook_shows_table_and_chart(make):
    shown = make()._repr_html_()
    assert "<table>" in shown
    assert "<svg" in shown


def test_what_is_no_search(make, tmp_path):
    with pytest.raises(CrozeError, match=r"nowhere.search\.json does not exist"):
        SearchRun.load(tmp_path / "nowhere")
    (tmp_path / RESULT).write_text("{}")
    with pytest.raises(CrozeError, match="older format: run the same search again there"):
        SearchRun.load(tmp_path)
    run = make()
    run.save()
    content = json.loads((tmp_path / FILE).read_text())
    for change, message in (
        ({"format": {"kind": "search", "version": 99}}, "is of format 99, this croze reads format 2"),
        ({"format": {"kind": "training", "version": 2}}, "must be a result of a search"),
        ({"candidates": [{"architecture": "a", "scores": [1.0, 2.0]}]}, "no search that can be read"),
        ({"settings": {}}, "no search that can be read"),
    ):
        (tmp_path / FILE).write_text(json.dumps({**content, **change}))
        with pytest.raises(CrozeError, match=message):
            SearchRun.load(tmp_path)
