import json
import re

import pytest

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.costs import MeasuredLatency, TableLatency
from croze.scoring.evaluator import Evaluator
from croze.searching.limits import Limits
from croze.searching.objectives import Objective, objective_of
from croze.searching.search import check_folder, fingerprint, search_settings
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


def test_a_folder_of_the_same_search_is_free(make, tmp_path):
    settings = make(own={"population": 5})
    check_folder(tmp_path / "new", settings)
    check_folder(tmp_path, settings)
    (tmp_path / "best.json").write_text(json.dumps({"settings": {**settings, "budget": 3, "data": "x"}}))
    check_folder(tmp_path, settings)
    with pytest.raises(CrozeError, match="differs in population: name another folder"):
        check_folder(tmp_path, make())
    with pytest.raises(CrozeError, match="differs in population: name another folder"):
        check_folder(tmp_path, make(own={"population": 6}))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"settings": 3}', '{"settings": null}', "\udcff"])
def test_a_file_that_is_no_result(make, tmp_path, text):
    (tmp_path / "best.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CrozeError, match="no result of a search that can be read; name another folder"):
        check_folder(tmp_path, make())
