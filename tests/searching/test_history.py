import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.costs import MeasuredLatency, ReachableParams, TableLatency
from croze.searching.history import SearchHistory
from croze.searching.objectives import Goal, Objective, find_objective, find_objectives, quantities_of
from croze.searching.strategies.pareto import front, ranked
from croze.types import Score

TWO = [Objective(parse_proxy("snip"), True), Objective(parse_proxy("flops"), False)]
LATENCY = MeasuredLatency()


def history_of(rows, objectives=TWO):
    """Candidates named 0, 1, ... with these raw values by every quantity."""
    specs = [quantity.spec for quantity in quantities_of(objectives)]
    history = SearchHistory(len(rows), objectives)
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
    history.add(block[: len(block) // 2])
    history.add(block[len(block) // 2 :])
    return history


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
    history = history_of(rows)
    good = [i for i, row in enumerate(rows) if None not in row]
    expected = {i for i in good if not dominated(rows[i], rows)}
    merits = [history.merits(i) or (np.nan, np.nan) for i in range(len(rows))]
    order = ranked(merits)
    members = [order[i] for i in front([merits[i] for i in order])]
    assert set(members) == expected
    assert [rows[i][0] for i in members] == sorted((rows[i][0] for i in expected), reverse=True)
    assert [c.architecture for c in history.failures()] == [i for i in range(len(rows)) if i not in good]
    assert (history.best is None) == (not good)
    if history.best is not None:
        assert history.best.architecture in expected

        def mean_rank(i):
            return sum(rows[j][0] > rows[i][0] for j in good) + sum(rows[j][1] < rows[i][1] for j in good)

        assert mean_rank(history.best.architecture) == min(mean_rank(i) for i in expected)


def test_merits_turn_every_objective_the_same_way():
    history = history_of([(1.0, 5.0), (None, 2.0), (3.0, 7.0)])
    assert [history.merits(i) for i in range(3)] == [(1.0, -5.0), None, (3.0, -7.0)]
    assert dict(history.current(3)) == {0: (1.0, -5.0), 2: (3.0, -7.0)}
    assert dict(history.current(2)) == {0: (1.0, -5.0)}
    assert history.current(3).get(1) is None
    assert history.reasons() == {"undefined": 1}
    assert history.best.architecture == 2, "of equal mean ranks the first by the first objective"


def test_aggregates_and_proxies_side_by_side():
    aggregate = parse_proxy("rank(snip,params)")
    objectives = [Objective(aggregate, True), Objective(parse_proxy("params"), False)]
    assert [q.spec for q in quantities_of(objectives)] == ["snip", "params"]
    rng = random.Random(0)
    rows = [(rng.random(), rng.random()) for _ in range(9)]
    history = history_of(rows, objectives)
    columns = {"snip": np.array([r[0] for r in rows]), "params": np.array([r[1] for r in rows])}
    expected = aggregate.combine(columns)
    for i, candidate in enumerate(history.candidates):
        assert [s.value for s in candidate.scores] == [expected[i], rows[i][1]]
        assert [s.value for s in candidate.parts] == list(rows[i])
    assert history.moves_ranks
    assert not history_of(rows).moves_ranks


def test_nothing_scored_has_no_best():
    for history in (SearchHistory(3, TWO), history_of([(None, 1.0), (2.0, None)])):
        assert history.best is None


def test_objectives_by_name():
    found = find_objectives(["croze-robust", "snip"], ["flops", "latency"], LATENCY)
    assert [str(o) for o in found] == ["max croze-robust", "max snip", "min flops", "min latency"]
    assert found[3].target is LATENCY
    assert str(find_objective("ntk", LATENCY)) == "min ntk"
    assert str(find_objective("latency", LATENCY)) == "min latency"
    assert str(find_objectives(["ntk"], [], LATENCY)[0]) == "max ntk"
    assert find_objectives("snip", LATENCY, LATENCY) == [found[1], found[3]]
    with pytest.raises(CrozeError, match="objective flops is named twice"):
        find_objectives(["flops"], ["flops"], LATENCY)
    with pytest.raises(CrozeError, match="Unknown proxy 'speed'"):
        find_objectives(["speed"], [], LATENCY)


@pytest.mark.parametrize(
    "target",
    [
        parse_proxy("snip"),
        parse_proxy("croze-paper(beta=1)"),
        parse_proxy("croze-robust"),
        parse_proxy("rank(snip,naswot)"),
        MeasuredLatency(images=4),
        ReachableParams(),
        TableLatency("table.csv:ms", "digest", {"a": 1.0}),
    ],
    ids=lambda target: target.spec,
)
@pytest.mark.parametrize("maximise", [True, False])
def test_an_objective_comes_back_from_json(target, maximise):
    objective = Objective(target, maximise)
    described = json.loads(json.dumps(objective.to_json()))
    again = Objective.from_json(described)
    assert (again.spec, again.maximise, again.goal) == (objective.spec, maximise, objective.goal)
    assert getattr(again.target, "parts", None) == getattr(target, "parts", None)
    assert Goal.from_json(described) == objective.goal


def test_an_aggregate_comes_back_as_it_was_defined():
    described = Objective(parse_proxy("croze-robust"), True).to_json()
    again = Objective.from_json({**described, "definition": "rank(snip,naswot)"})
    assert (again.spec, again.target.definition) == ("croze-robust", "rank(snip,naswot)")


@pytest.mark.parametrize("content", [{}, {"objective": "snip", "direction": "up", "definition": "snip"}])
def test_what_describes_no_objective(content):
    with pytest.raises(CrozeError, match="describes no objective"):
        Objective.from_json(content)
