import random

import pytest

from croze.data import load_batch
from croze.errors import CrozeError
from croze.paper.protocol import Effort, effort_of, search_once, sizes_of
from croze.proxies import parse_proxy
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.types import Score

SPACE = open_space("nasbench201", channels=2, cells=1)
EFFORT = effort_of(8)


@pytest.fixture
def batch():
    return load_batch("digits", size=4, seed=0)


def test_the_papers_effort():
    assert effort_of(5000) == Effort(5000, 3000, 50, 32)
    assert effort_of(10) == Effort(10, 6, 6, 1)
    assert effort_of(10, 5, 2, 3) == Effort(10, 5, 2, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1,), "takes at least 2 candidates, got 1"),
        ((10, 10), "leave some for moves, got 10"),
        ((10, 0), "at least 1 of the 10 candidates"),
        ((10, 4, 5), "at most the pool of 4, got 5"),
    ],
)
def test_an_effort_that_makes_no_sense(arguments, message):
    with pytest.raises(CrozeError, match=message):
        effort_of(*arguments)


@pytest.mark.parametrize("spec", ["params", "rank(params,synflow)"])
def test_the_second_time_nothing_is_computed(spec, batch, tmp_path, monkeypatch):
    criterion = parse_proxy(spec)
    first = search_once(SPACE, criterion, batch, 3, EFFORT, tmp_path)
    assert len(first.candidates) == 8
    assert (first.settings["seed"], first.status, first.ended) == (3, "finished", "")
    assert 0 < first.best.live_params <= first.best.params

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    again = search_once(SPACE, criterion, batch, 3, EFFORT, tmp_path)
    assert again.candidates == first.candidates
    assert again.device_seconds == first.device_seconds > 0


def test_a_search_that_was_stopped_loses_no_seconds(batch, tmp_path):
    """What was scored before the stop counts with the seconds that it took then."""
    criterion = parse_proxy("params")
    part = search_once(SPACE, criterion, batch, 0, Effort(4, 2, 2, 1), tmp_path)
    whole = search_once(SPACE, criterion, batch, 0, Effort(8, 2, 2, 1), tmp_path)
    assert whole.candidates[:4] == part.candidates
    assert whole.device_seconds > part.device_seconds


def test_the_winner_has_the_best_score(batch, tmp_path):
    found = search_once(SPACE, parse_proxy("params"), batch, 1, EFFORT, tmp_path)
    assert found.best.score == max(one.score for one in found.candidates) == found.best.params


def test_failures_are_never_ranked(batch, tmp_path, monkeypatch):
    def fails(self, request):
        return [Score(quantity.spec, None, "the logits overflow") for quantity in request[1]]

    monkeypatch.setattr(Evaluator, "__call__", fails)
    found = search_once(SPACE, parse_proxy("params"), batch, 0, EFFORT, tmp_path)
    assert (found.best, found.status) == (None, "failed")
    assert found.reasons == {"the logits overflow": 8}


def test_a_network_that_does_not_let_itself_be_measured(batch, monkeypatch):
    def fails(network, inputs):
        raise RuntimeError("no gradient")

    monkeypatch.setattr("croze.paper.protocol.live_parameter_count", fails)
    params, live = sizes_of(Evaluator(SPACE, batch, 0), str(SPACE.sample(random.Random(0))))
    assert params > 0
    assert live is None
