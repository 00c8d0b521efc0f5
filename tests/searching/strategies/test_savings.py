"""What warm-up and move are for: fewer trained models until a good one is found (Figure 3)."""

import random
from functools import lru_cache

import pytest

from croze.searching.strategies import make_algorithm
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell

SPACE = NASBench201(channels=4, cells=1)
WORTH = {"none": 0.0, "skip_connect": 2.0, "nor_conv_1x1": 3.0, "nor_conv_3x3": 5.0, "avg_pool_3x3": 1.0}
SEEDS = range(10)


@lru_cache(maxsize=1)
def cells():
    return sorted({SPACE.canonical(cell) for cell in every_cell()})


@lru_cache(maxsize=1)
def accuracy():
    """Of every cell: a sum over edges, and a fifth of its spread of noise that no guide knows."""
    rng = random.Random(7)
    return {cell: sum(WORTH[o] for o in cell.operations) + rng.gauss(0.0, 0.9) for cell in cells()}


@lru_cache(maxsize=1)
def opinions():
    """A guide's: the accuracy and noise of its own."""
    rng = random.Random(8)
    return {cell: value + rng.gauss(0.0, 3.0) for cell, value in accuracy().items()}


def guide(architectures):
    return [opinions()[SPACE.canonical(a)] for a in architectures]


BUDGET = 2500


def trained(algorithm, drive):
    """Models that are told until the first is among the best 20 of all, and until the best of all."""
    found = drive(algorithm, lambda cell: (accuracy()[cell],), BUDGET, SPACE.canonical, block=1)
    values = [accuracy()[cell] for cell in found]
    best = sorted(accuracy().values())
    return [
        next((i for i, value in enumerate(values, start=1) if value >= goal), BUDGET)
        for goal in (best[-20], best[-1])
    ]


@pytest.fixture(scope="module")
def chance(drive):
    return [
        sum(column)
        for column in zip(*(trained(make_algorithm("RAND", SPACE, s), drive) for s in SEEDS), strict=True)
    ]


def test_the_guide_is_good_but_not_perfect():
    from scipy.stats import spearmanr

    rho = spearmanr([accuracy()[c] for c in cells()], [opinions()[c] for c in cells()]).statistic
    assert 0.7 < rho < 0.85


@pytest.mark.parametrize("name", ["RAND+warmup", "AE+warmup", "AE+move", "AE+warmup+move"])
def test_a_guide_saves_trained_models(name, drive, chance):
    settings = {"pool": 3000} if "warmup" in name else {}
    runs = [trained(make_algorithm(name, SPACE, s, guide=guide, **settings), drive) for s in SEEDS]
    good, best = (sum(column) for column in zip(*runs, strict=True))
    assert good < 0.25 * chance[0]
    if name != "RAND+warmup":  # which has most of the pool before it, and then only chance
        assert best < 0.5 * chance[1]
