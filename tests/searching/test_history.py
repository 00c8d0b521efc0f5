import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.costs import MeasuredLatency
from croze.searching.history import Progress
from croze.searching.objectives import Objective, find_objective, find_objectives, quantities_of
from croze.types import Score

TWO = [Objective(parse_proxy("snip"), True), Objective(parse_proxy("flops"), False)]
LATENCY = MeasuredLatency()


def progress_of(rows, objectives=TWO):
    """Candidates named 0, 1, ... with these raw values by every quantity."""
    specs = [quantity.spec for quantity in quantities_of(objectives)]
    progress = Progress(len(rows), objectives)
    block = [
        (
            i,
            [
                Score(spec, v, "" if v is not None else "undefined")
                for spec, v in zip(specs, row, strict=True)
            ],
        )
        for i, row in enumerate(rows)
    ]
    progress.add(block[: len(block) // 2])
    progress.add(block[len(block) // 2 :])
    return progress


def dominated(row, rows):
    """Brute force: some other is no worse in both and better in one."""
    return any(
        (a >= row[0] and b <= row[1]) and (a > row[0] or b < row[1])
        for a, b in rows
        if a is not None and b is not None
    )


numbers = st.integers(0, 6).map(float)


@given(st.lists(st.tuples(numbers | st.none(), numbers | st.none()), min_size=1, max_size=25))
def test_the_front_is_what_nothing_betters(rows):
    progress = progress_of(rows)
    good = [i for i, row in enumerate(rows) if None not in row]
    expected = {i for i in good if not dominated(rows[i], rows)}
    front = progress.front()
    assert {c.architecture for c in front} == expected
    assert [c.scores[0].value for c in front] == sorted((rows[i][0] for i in expected), reverse=True)
    assert [c.architecture for c in progress.failures()] == [i for i in range(len(rows)) if i not in good]
    compromise = progress.compromise()
    assert (compromise is None) == (not good)
    if compromise is not None:
        assert compromise.architecture in expected

        def mean_rank(i):
            return sum(rows[j][0] > rows[i][0] for j in good) + sum(rows[j][1] < rows[i][1] for j in good)

        assert mean_rank(compromise.architecture) == min(mean_rank(i) for i in expected)


def test_merits_turn_every_objective_the_same_way():
    progress = progress_of([(1.0, 5.0), (None, 2.0), (3.0, 7.0)])
    assert [progress.merits(i) for i in range(3)] == [(1.0, -5.0), None, (3.0, -7.0)]
    assert dict(progress.current(3)) == {0: (1.0, -5.0), 2: (3.0, -7.0)}
    assert dict(progress.current(2)) == {0: (1.0, -5.0)}
    assert progress.current(3).get(1) is None
    assert progress.reasons() == {"undefined": 1}
    assert progress.best.architecture == 2


def test_aggregates_and_proxies_side_by_side():
    aggregate = parse_proxy("rank(snip,params)")
    objectives = [Objective(aggregate, True), Objective(parse_proxy("params"), False)]
    assert [q.spec for q in quantities_of(objectives)] == ["snip", "params"]
    rng = random.Random(0)
    rows = [(rng.random(), rng.random()) for _ in range(9)]
    progress = progress_of(rows, objectives)
    columns = {"snip": np.array([r[0] for r in rows]), "params": np.array([r[1] for r in rows])}
    expected = aggregate.combine(columns)
    for i, candidate in enumerate(progress.candidates):
        assert [s.value for s in candidate.scores] == [expected[i], rows[i][1]]
        assert [s.value for s in candidate.parts] == list(rows[i])
    assert progress.moves_ranks
    assert not progress_of(rows).moves_ranks


def test_nothing_scored_has_no_best():
    for progress in (Progress(3, TWO), progress_of([(None, 1.0), (2.0, None)])):
        assert progress.best is None
        assert progress.compromise() is None
        assert progress.front() == progress.ranking() == []


def test_objectives_by_name():
    found = find_objectives(["croze-robust", "snip"], ["flops", "latency"], LATENCY)
    assert [str(o) for o in found] == ["max croze-robust", "max snip", "min flops", "min latency"]
    assert found[3].target is LATENCY
    assert str(find_objective("ntk", LATENCY)) == "min ntk"
    assert str(find_objective("latency", LATENCY)) == "min latency"
    assert str(find_objectives(["ntk"], [], LATENCY)[0]) == "max ntk"
    with pytest.raises(CrozeError, match="objective flops is named twice"):
        find_objectives(["flops"], ["flops"], LATENCY)
    with pytest.raises(CrozeError, match="Unknown proxy 'speed'"):
        find_objectives(["speed"], [], LATENCY)
