from dataclasses import dataclass

import numpy as np
import pytest

from croze.paper.simulation import guide_scores
from croze.proxies import Measurement, Proxy, Undefined, merits, parse_proxies, parts_of
from croze.ranking.scored import collect
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.spaces.nasbench201 import NASBench201

SPACE = NASBench201(channels=2, cells=1)


def _size(passes):
    return sum(p.numel() for p in passes.model.parameters())


@dataclass(frozen=True)
class Smallness(Proxy):
    """The number of parameters, of which fewer are better; the smallest networks have no value."""

    least: int = 0

    name = "smallness"
    summary = source = "test"
    higher_is_better = False
    needs_images = False

    def measure(self, passes):
        size = _size(passes)
        if size <= self.least:
            raise Undefined(f"only {size} parameters")
        return Measurement(float(size))


@pytest.fixture
def ledger(tmp_path, digits):
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store:
        yield Ledger(evaluator, store)


def asked(truth, some, ledger, guides):
    """What these guides say, by way of the ledger."""
    scored = collect(ledger, [truth.architectures[i] for i in some], parts_of(guides))
    return guide_scores(truth, some, guides, scored)


@pytest.fixture(scope="module")
def some(small):
    """A few dozen classes, some of which have several members."""
    return small.distinct[3::20]


def test_all_members_of_a_class_share_a_score_and_others_have_none(small, some, ledger):
    (found,) = asked(small, some, ledger, parse_proxies("params"))
    assert (found.scored, found.failures, found.reason) == (len(some), 0, "")
    said = found(range(len(small)))
    for place, twin in enumerate(small.representative.tolist()):
        if twin in some:
            network = SPACE.build(SPACE.parse(small.architectures[twin]), classes=10, seed=0)
            assert said[place] == sum(p.numel() for p in network.parameters())
        else:
            assert said[place] is None
    assert max(np.bincount(small.representative)[some]) > 1


def test_an_aggregate_ranks_all_of_them(small, some, ledger):
    aggregate, *parts = parse_proxies("logrank(params,l2-norm),params,l2-norm")
    combined, params, norms = asked(small, some, ledger, [aggregate, *parts])
    columns = {"params": params.values[some], "l2-norm": norms.values[some]}
    np.testing.assert_array_equal(combined.values[some], merits([aggregate], columns)[aggregate.spec])
    assert combined.definition == "logrank(params,l2-norm)"


def test_higher_is_better_and_failures_are_counted_not_ranked(small, some, ledger):
    (sizes,) = asked(small, some, ledger, parse_proxies("params"))
    least = int(np.nanmedian(sizes.values))
    (found,) = asked(small, some, ledger, [Smallness(least)])
    failed = sizes.values[some] <= least
    assert found.failures == failed.sum() > 0
    assert found.reason == f"only {int(sizes.values[some][failed][0])} parameters"
    assert [value is None for value in found(some.tolist())] == failed.tolist()
    np.testing.assert_array_equal(found.values[some][~failed], -sizes.values[some][~failed])
    assert found.to_json() == {
        "guide": found.spec,
        "definition": found.spec,
        "cells": len(some),
        "failures": int(failed.sum()),
        "first_reason": found.reason,
    }


def test_scores_of_a_benchmark_are_not_computed_again(small, some, ledger, monkeypatch):
    architectures = [small.architectures[i] for i in some]
    for _ in ledger.scores(architectures, parse_proxies("params,l2-norm")):
        pass

    def computed(self, request):
        raise AssertionError("computed again")

    monkeypatch.setattr(Evaluator, "__call__", computed)
    found = asked(small, some, ledger, parse_proxies("l2-norm,rank(params,l2-norm)"))
    assert [one.failures for one in found] == [0, 0]


def test_no_guide_has_no_scores(small, some):
    assert guide_scores(small, some, [], None) == []
