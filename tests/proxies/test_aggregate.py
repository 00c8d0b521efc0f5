import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from croze.errors import CrozeError
from croze.proxies import AGGREGATES, DEFAULT, Aggregate, merits, parse_proxies, parse_proxy, parts_of

scores = st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=1, max_size=12)


def columns(*rows):
    return [np.array([math.nan if v is None else float(v) for v in row]) for row in rows]


@given(st.lists(st.tuples(scores.map(lambda s: s[0]), scores.map(lambda s: s[0])), min_size=1, max_size=12))
def test_a_population_is_ranked_as_scipy_ranks_it(pairs):
    a, b = columns(*zip(*pairs, strict=True))
    usable = np.isfinite(a) & np.isfinite(b)
    for kind in ("rank", "logrank"):
        found = parse_proxy(f"{kind}(snip,ntk)").combine({"snip": a, "ntk": b})
        assert np.array_equal(np.isfinite(found), usable)
        if usable.any():
            n = usable.sum()
            places = [rankdata(a[usable]) / n, rankdata(-b[usable]) / n]  # of ntk less is better
            expected = np.mean(places, axis=0) if kind == "rank" else np.log(places).sum(axis=0)
            assert np.allclose(found[usable], expected, rtol=1e-12)


def test_a_part_that_stands_twice_counts_double():
    a, b = columns([1, 2, 3, 4], [4, 3, 1, 2])
    found = parse_proxy("rank(snip,snip,params)").combine({"snip": a, "params": b})
    assert np.allclose(found, (2 * rankdata(a) + rankdata(b)) / 12)
    assert [part.spec for part in parse_proxy("rank(snip,snip,params)").distinct] == ["snip", "params"]


def test_it_is_written_and_read():
    text = "rank(croze-paper(beta=1,components=features+gradients), jacob-cov)"
    found = parse_proxy(text)
    assert found.spec == text.replace(", ", ",")
    assert parse_proxy(found.spec) == found
    assert [c.spec for c in parse_proxies(f"params,{text},snip")] == ["params", found.spec, "snip"]


@pytest.mark.parametrize("name", AGGREGATES)
def test_named_ones(name):
    found = AGGREGATES[name]
    assert parse_proxy(name) == found
    assert found.spec == found.alias == name
    assert found.summary
    assert found.source
    assert parse_proxy(found.definition).parts == found.parts
    with pytest.raises(CrozeError, match=r"takes no arguments: it is .*rank"):
        parse_proxy(f"{name}(beta=1)")


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
        parse_proxies(text)


def test_an_unknown_kind_of_aggregate_is_one_sentence():
    with pytest.raises(CrozeError, match="An aggregate is rank or logrank, got 'sum'"):
        Aggregate("sum", (parse_proxy("snip"), parse_proxy("params")))


def test_merits_read_the_same_way():
    criteria = parse_proxies("params,ntk,rank(params,ntk)")
    assert [proxy.spec for proxy in parts_of(criteria)] == ["params", "ntk"]
    size, condition = columns([1, 2, 3], [10, 5, None])
    found = merits(criteria, {"params": size, "ntk": condition})
    assert found["params"].tolist() == [1, 2, 3]
    assert found["ntk"].tolist()[:2] == [-10, -5]
    assert found["rank(params,ntk)"].tolist()[:2] == [0.5, 1.0]
    assert math.isnan(found["rank(params,ntk)"][2])
