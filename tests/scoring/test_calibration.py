import pytest

from croze.data import load_batch
from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring import machine
from croze.scoring.evaluator import Evaluator
from croze.scoring.machine import Rate, calibrate
from croze.spaces import open_space
from croze.types import Score


@pytest.fixture
def evaluator():
    return Evaluator(open_space("nasbench201", channels=2, cells=1), load_batch("digits", size=4, seed=0), 0)


class Clock:
    """A clock that goes on by a second whenever somebody looks."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        self.now += 1.0
        return self.now


def test_candidates_are_counted_after_the_first_until_the_time_is_over(evaluator, monkeypatch):
    monkeypatch.setattr(machine, "time", Clock())
    assert calibrate(evaluator, parse_proxy("params"), 5.0, workers=1) == Rate(5, 5.0, 1)
    assert calibrate(evaluator, parse_proxy("params"), 0.0, workers=1, at_least=7) == Rate(7, 7.0, 1)


def test_workers_together(evaluator):
    rate = calibrate(evaluator, parse_proxy("gradnorm"), 0.2, workers=2)
    assert rate.workers == 2
    assert rate.candidates >= 2
    assert rate.seconds >= 0.2
    assert rate.per_second == rate.candidates / rate.seconds


def test_a_candidate_that_fails_ends_it_with_the_reason(evaluator, monkeypatch):
    monkeypatch.setattr(
        Evaluator, "__call__", lambda self, request: [Score(request[1][0].spec, None, reason="no luck")]
    )
    with pytest.raises(CrozeError, match="nasbench201 could not be scored: no luck"):
        calibrate(evaluator, parse_proxy("params"), 1.0, workers=1)
