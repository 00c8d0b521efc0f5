import json
import random

from croze.files import to_json
from croze.nn.count import flop_count, parameter_count
from croze.proxies.size import Flops, Params
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.candidates import FILE, CourseFile, course_json, sizes_of
from croze.searching.history import Progress
from croze.searching.objectives import objective_of
from croze.spaces.nasbench201 import NASBench201
from croze.types import Score

SPACE = NASBench201(channels=4, cells=1)
CELLS = [SPACE.sample(random.Random(i)) for i in range(3)]


def progress(values):
    found = Progress(3, [objective_of(Params())])
    scores = [Score("params", v, "" if v is not None else "broken") for v in values]
    found.add([(c, (s,)) for c, s in zip(CELLS, scores, strict=False)])
    return found


def test_every_candidate_is_in_it_in_the_order_of_asking():
    sizes = {str(CELLS[0]): (7, 9), str(CELLS[2]): (None, None)}
    found = json.loads(to_json(course_json(progress([1.0, None, 3.0]), {"seed": 0}, sizes, finished=True)))
    assert found["candidates"] == [
        {"architecture": str(CELLS[0]), "scores": [1.0], "params": 7, "flops": 9},
        {"architecture": str(CELLS[1]), "reason": "broken"},
        {"architecture": str(CELLS[2]), "scores": [3.0], "params": None, "flops": None},
    ]
    assert found["objectives"] == [{"objective": "params", "maximise": True}]
    assert (found["finished"], found["settings"]) == (True, {"seed": 0})


def test_sizes_are_those_that_the_store_has(digits, tmp_path):
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store, Ledger(evaluator, store) as ledger:
        list(ledger.scores([str(CELLS[0]), str(CELLS[2])], [Params()]))
        list(ledger.scores([str(CELLS[2])], [Flops()]))
        found = sizes_of(progress([1.0, None, 3.0]), ledger)
    networks = [SPACE.build(cell, classes=10, seed=0) for cell in (CELLS[0], CELLS[2])]
    assert found == {
        str(CELLS[0]): (parameter_count(networks[0]), None),
        str(CELLS[2]): (parameter_count(networks[1]), flop_count(networks[1], (3, 32, 32))),
    }


def test_while_a_search_runs_it_is_written_when_there_is_something_new(tmp_path):
    course = CourseFile(tmp_path, {}, every=0.0)
    course.update(progress([]))
    assert not (tmp_path / FILE).exists()
    course.update(progress([1.0]))
    assert json.loads((tmp_path / FILE).read_text())["finished"] is False
    before = (tmp_path / FILE).stat().st_mtime_ns
    course.update(progress([1.0]))
    assert (tmp_path / FILE).stat().st_mtime_ns == before
    course.finish(progress([1.0, 2.0]), {})
    written = json.loads((tmp_path / FILE).read_text())
    assert (written["finished"], len(written["candidates"])) == (True, 2)
    CourseFile(tmp_path / "later", {}, every=60.0).update(progress([1.0]))
    assert not (tmp_path / "later").exists()
