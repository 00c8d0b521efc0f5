import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from croze.errors import CrozeError
from croze.proxies import (
    AGGREGATES,
    DEFAULT,
    Aggregate,
    find_criteria,
    find_criterion,
    find_proxy,
    merits,
    parts_of,
)

scores = st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=1, max_size=12)


def columns(*rows):
    return [np.array([math.nan if v is None else float(v) for v in row]) for row in rows]


@given(st.lists(st.tuples(scores.map(lambda s: s[0]), scores.map(lambda s: s[0])), min_size=1, max_size=12))
def test_a_population_is_ranked_as_scipy_ranks_it(pairs):
    a, b = columns(*zip(*pairs, strict=True))
    usable = np.isfinite(a) & np.isfinite(b)
    for kind in ("rank", "logrank"):
        found = find_criterion(f"{kind}(snip,ntk)").combine({"snip": a, "ntk": b})
        assert np.array_equal(np.isfinite(found), usable)
        if usable.any():
            n = usable.sum()
            places = [rankdata(a[usable]) / n, rankdata(-b[usable]) / n]  # of ntk less is better
            expected = np.mean(places, axis=0) if kind == "rank" else np.log(places).sum(axis=0)
            assert np.allclose(found[usable], expected, rtol=1e-12)


def test_a_part_that_stands_twice_counts_double():
    a, b = columns([1, 2, 3, 4], [4, 3, 1, 2])
    found = find_criterion("rank(snip,snip,params)").combine({"snip": a, "params": b})
    assert np.allclose(found, (2 * rankdata(a) + rankdata(b)) / 12)
    assert [part.spec for part in find_criterion("rank(snip,snip,params)").distinct] == ["snip", "params"]


def test_it_is_written_and_read():
    text = "rank(croze-paper(beta=1,components=features+gradients), jacob-cov)"
    found = find_criterion(text)
    assert found.spec == text.replace(", ", ",")
    assert find_criterion(found.spec) == found
    assert [c.spec for c in find_criteria(f"params,{text},snip")] == ["params", found.spec, "snip"]


@pytest.mark.parametrize("name", AGGREGATES)
def test_named_ones(name):
    found = AGGREGATES[name]
    assert find_criterion(name) == found
    assert found.spec == found.alias == name
    assert found.summary
    assert found.source
    assert find_criterion(found.definition).parts == found.parts
    with pytest.raises(CrozeError, match=r"takes no arguments: it is .*rank"):
        find_criterion(f"{name}(beta=1)")


def test_the_default_is_one_of_them():
    assert DEFAULT == "croze-robust"
    assert DEFAULT in AGGREGATES


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rank(snip)", "takes at least 2 proxies, got 1"),
        ("rank", "Cannot read ''"),
        ("rank(rank(snip,params),flops)", "cannot be part of another"),
        ("logrank(croze-robust,flops)", "cannot be part of another"),
        ("rank(snip,snap)", "Unknown proxy 'snap'"),
        ("rank(snip,params", "brackets"),
        ("az-nas,az-nas", "named twice"),
    ],
)
def test_bad_aggregates(text, sentence):
    with pytest.raises(CrozeError, match=sentence):
        find_criteria(text)


def test_a_single_proxy_is_asked_for_where_no_aggregate_will_do():
    with pytest.raises(CrozeError, match="te-nas is an aggregate of several proxies"):
        find_proxy("te-nas")
    with pytest.raises(CrozeError, match="An aggregate is rank or logrank, got 'sum'"):
        Aggregate("sum", (find_proxy("snip"), find_proxy("params")))


def test_merits_read_the_same_way():
    criteria = find_criteria("params,ntk,rank(params,ntk)")
    assert [proxy.spec for proxy in parts_of(criteria)] == ["params", "ntk"]
    size, condition = columns([1, 2, 3], [10, 5, None])
    found = merits(criteria, {"params": size, "ntk": condition})
    assert found["params"].tolist() == [1, 2, 3]
    assert found["ntk"].tolist()[:2] == [-10, -5]
    assert found["rank(params,ntk)"].tolist()[:2] == [0.5, 1.0]
    assert math.isnan(found["rank(params,ntk)"][2])
