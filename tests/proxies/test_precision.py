"""float32 ranks as float64 does, but for the proxies whose formula is ill-conditioned."""

import random

import pytest
from scipy.stats import spearmanr

from croze.proxies import PROXIES
from croze.scoring.score import score_all
from croze.spaces import open_space

EXCEPTIONS = {"croze-paper": 0.98}
"""Spearman's rho of the others, as measured on these cells (seed 0, 16 images of digits)."""

CELLS = 60
SPACE = open_space("nasbench201", channels=8, cells=1)


def cells():
    rng, chosen = random.Random(0), {}
    while len(chosen) < CELLS:
        cell = SPACE.sample(rng)
        chosen.setdefault(SPACE.canonical(cell), cell)
    return [*chosen.values()]


@pytest.fixture(scope="module")
def rhos(digits16):
    """By proxy, rho between the precisions, and on how many cells."""
    values = {name: [] for name in PROXIES}
    for cell in cells():
        for flavour in {kind.flavour for kind in PROXIES.values()}:
            names = [name for name, kind in PROXIES.items() if kind.flavour == flavour]
            model = SPACE.build(cell, classes=10, seed=0, flavour=flavour)
            single = score_all(model, digits16, names)
            double = score_all(model.double(), digits16, names)
            for name, a, b in zip(names, single, double, strict=True):
                values[name].append((a.value, b.value))
    found = {}
    for name, pairs in values.items():
        both = [pair for pair in pairs if None not in pair]
        rho = 1.0 if all(a == b for a, b in both) else float(spearmanr(*zip(*both, strict=True))[0])
        found[name] = (rho, len(both), sum((a is None) != (b is None) for a, b in pairs))
    return found


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("proxy", PROXIES)
def test_ranks_of_float32_are_those_of_float64(proxy, rhos):
    rho, together, apart = rhos[proxy]
    assert together >= CELLS // 2
    assert not apart, "in one precision it has a value, in the other none"
    if proxy in EXCEPTIONS:
        assert rho == pytest.approx(EXCEPTIONS[proxy], abs=0.05)
        assert rho < 0.995, "no exception any more: take it off the list"
    else:
        assert rho >= 0.99
