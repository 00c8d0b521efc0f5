"""One seed, one search: in this process, in four workers, on a Ray cluster."""

import pytest

from croze.proxies import parse_proxy
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.loop import search
from croze.searching.strategies import make_algorithm
from croze.spaces import open_space


def searched(folder, digits, space, criterion, **where):
    evaluator = Evaluator(space, digits, 5)
    strategy = make_algorithm("evolution", space, 5, population=8, tournament=3)
    with Store(folder, evaluator.context) as store:
        ledger = Ledger(evaluator, store, **where)
        try:
            found = search(space, parse_proxy(criterion), strategy, ledger, 30, in_flight=12)
        finally:
            ledger.close()
        assert len(store) == 30 * len(found.candidates[0].parts)
    return [(str(c.architecture), c.score.value, [p.value for p in c.parts]) for c in found.candidates]


@pytest.fixture
def cells():
    return open_space("nasbench201", channels=4, cells=1)


@pytest.mark.slow
def test_four_processes_search_as_one_does(tmp_path, digits, cells):
    serial = searched(tmp_path / "serial", digits, cells, "croze-robust", workers=1)
    assert searched(tmp_path / "four", digits, cells, "croze-robust", workers=4) == serial
    assert len({score for _, score, _ in serial}) > 20


@pytest.mark.cluster
def test_a_ray_cluster_searches_as_one_process_does(tmp_path, digits, cells):
    serial = searched(tmp_path / "serial", digits, cells, "croze-robust", workers=1)
    assert searched(tmp_path / "ray", digits, cells, "croze-robust", ray="local") == serial
