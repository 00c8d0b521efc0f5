import random

import pytest
import torch

from croze.nn.count import flop_count, live_parameter_count, parameter_count
from croze.proxies.ntk import Ntk
from croze.proxies.size import Flops, Params
from croze.scoring.evaluator import Evaluator
from croze.searching.history import Progress
from croze.searching.objectives import Objective, objective_of
from croze.searching.result import best, best_table, search_json, winner
from croze.spaces.nasbench201 import NASBench201
from croze.types import Score

SPACE = NASBench201(channels=4, cells=1)
CELLS = [SPACE.sample(random.Random(i)) for i in range(6)]
VALUES = [1.0, 5.0, None, 3.0, 5.0, -2.0]


@pytest.fixture
def evaluator(digits):
    return Evaluator(SPACE, digits, 0)


def progress(higher_is_better=True):
    proxy = Params() if higher_is_better else Ntk()
    found = Progress(6, [objective_of(proxy)])
    scores = [Score(proxy.spec, v, "" if v is not None else "undefined") for v in VALUES]
    found.add([(c, (s,)) for c, s in zip(CELLS, scores, strict=True)])
    return found


def two_objectives():
    """Many `params` and few `flops`: cells 4 and 5 are on the front."""
    objectives = [Objective(Params(), True), Objective(Flops(), False)]
    found = Progress(6, objectives)
    flops = [5.0, 7.0, 1.0, 9.0, 3.0, 1.0]
    found.add(
        [(c, (Score("params", v), Score("flops", f))) for c, v, f in zip(CELLS, VALUES, flops, strict=True)]
    )
    return found


@pytest.mark.parametrize(("higher", "order"), [(True, [1, 4, 3, 0, 5]), (False, [5, 0, 3, 1, 4])])
def test_the_best_come_first_and_failures_not_at_all(evaluator, higher, order):
    found = best(progress(higher), evaluator)
    assert [r.architecture for r in found] == [str(CELLS[i]) for i in order]
    assert [r.score for r in found] == [VALUES[i] for i in order]
    assert [r.rank for r in found] == [1, 2, 3, 4, 5]
    assert best(progress(higher), evaluator, 2) == found[:2]


def test_each_is_measured(evaluator, digits):
    for ranked in best(progress(), evaluator):
        cell = SPACE.parse(ranked.architecture)
        network = SPACE.build(cell, classes=10, seed=0)
        network = SPACE.build(cell, classes=10, seed=0)
        assert (ranked.params, ranked.flops) == (parameter_count(network), flop_count(network, (3, 32, 32)))
        assert ranked.live_params == live_parameter_count(network, digits.normalised())
        assert ranked.to_json() == {
            "rank": ranked.rank,
            "architecture": str(cell),
            "score": ranked.score,
            "scores": {"params": ranked.score},
            "params": ranked.params,
            "live_params": ranked.live_params,
            "flops": ranked.flops,
            "parts": {"params": ranked.score},
        }


def test_the_result_as_data(evaluator):
    found = progress()
    found.rejected = 2
    found.ended = "used up"
    top = best(found, evaluator, 2)
    result = search_json(found, top, winner(found, top), {"budget": 6})
    assert result["best"] == result["top"][0] == top[0].to_json()
    assert len(result["top"]) == 2
    assert result["scored"] == 6
    assert result["failed"] == [{"architecture": str(CELLS[2]), "reason": "undefined"}]
    assert (result["rejected_by_limits"], result["ended_early"]) == (2, "used up")
    assert result["settings"] == {"budget": 6}
    assert set(result["provenance"]) == {"command", "made", "versions", "machine"}
    nothing = search_json(Progress(3, [objective_of(Params())]), [], None, {})
    assert (nothing["best"], nothing["top"], nothing["ended_early"]) == (None, [], None)


def test_measuring_takes_one_thread(evaluator, monkeypatch):
    seen = []

    def count(network, inputs):
        seen.append(torch.get_num_threads())
        return 1

    monkeypatch.setattr("croze.searching.result.live_parameter_count", count)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        best(progress(), evaluator, 1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1]


def test_nothing_scored_gives_nothing(evaluator):
    assert best(Progress(3, [objective_of(Params())]), evaluator) == []
    assert best_table([], "nothing").row_count == 0


def test_the_table_has_a_row_each(evaluator):
    ranked = best(progress(), evaluator)
    table = best_table(ranked, "title")
    columns = {str(column.header): list(column.cells) for column in table.columns}
    assert table.title == "title"
    assert columns["#"] == ["1", "2", "3", "4", "5"]
    assert [cell.replace("\n", "") for cell in columns["architecture"]] == [r.architecture for r in ranked]
    assert columns["score"] == ["5", "5", "3", "1", "-2"]
    assert columns["params"] == [f"{r.params:,}" for r in ranked]
    assert columns["MFLOPs"] == [f"{r.flops / 1e6:.2f}" for r in ranked]


def test_by_several_objectives_the_whole_front_is_shown(evaluator):
    found = two_objectives()
    front = best(found, evaluator, 1)
    assert [r.architecture for r in front] == [str(CELLS[i]) for i in (4, 5)]
    assert [dict(r.scores) for r in front] == [{"params": 5.0, "flops": 3.0}, {"params": -2.0, "flops": 1.0}]
    # the first is beaten by one in params and by one in flops, the second by four in params
    assert winner(found, front) == front[0]
    result = search_json(found, front, front[0], {})
    assert result["front"] == [r.to_json() for r in front]
    assert "top" not in result
    headings = [str(column.header) for column in best_table(front, "").columns]
    assert headings == ["#", "architecture", "params", "live", "MFLOPs"]
