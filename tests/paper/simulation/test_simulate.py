import math

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.paper.simulation import (
    STRATEGIES,
    GuideScores,
    TabularMoves,
    Target,
    models_to_reach,
    replay,
    runs_wanted,
    seed_of,
    simulate,
    targets_of,
)
from croze.searching.strategies import make_algorithm
from croze.spaces.nasbench201 import NASBench201
from croze.truth import select

SPACE = NASBench201(channels=2, cells=1)
SETTINGS = {"pool": 120, "population": 8, "tournament": 4}


def opinion(truth, values, spec="guide"):
    return GuideScores(spec, spec, np.asarray(values, dtype=float)[truth.representative], len(truth.distinct))


@pytest.fixture(scope="module")
def targets(small):
    return targets_of(small, {"clean": 0.7, "fgsm@8": 0.75})


@pytest.fixture(scope="module")
def perfect(small, targets):
    return opinion(small, targets[0].values, "perfect")


@pytest.fixture(scope="module")
def found(moves, targets, perfect):
    return simulate(moves, targets, [perfect], runs=6, budget=60, seed=3, settings=SETTINGS)


def test_every_strategy_after_every_target(found):
    assert [(c.target, c.strategy, c.guide) for c in found.curves] == [
        (target, name, "perfect" if "+" in name else "")
        for target in ("clean", "fgsm@8")
        for name in STRATEGIES
    ]
    assert {c.best.shape for c in found.curves} == {(6, 60)}


def test_a_run_can_be_repeated_by_hand(found, moves, targets, perfect):
    curve = found.of(targets[1])[5]
    assert curve.strategy == "evolution+warmup+move"
    for run in (0, 4):
        algorithm = make_algorithm(
            curve.strategy, moves, seed_of(3, run), guide=perfect, pool=120, population=8
        )
        order = replay(algorithm, targets[1].values.tolist(), moves.representative, 60)
        assert len(set(order)) == 60
        values = targets[1].values[order]
        assert curve.best[run].tolist() == [max(values[: i + 1]) for i in range(60)]
        assert curve.models[run] == models_to_reach(values, 0.75)


def test_the_seed_decides(found, moves, targets, perfect):
    def again(seed):
        return simulate(moves, targets, [perfect], runs=6, budget=60, seed=seed, settings=SETTINGS)

    for one, other in zip(found.curves, again(3).curves, strict=True):
        np.testing.assert_array_equal(one.best, other.best)
    assert any((a.best != b.best).any() for a, b in zip(found.curves, again(4).curves, strict=True))
    assert len({seed_of(seed, run) for seed in range(30) for run in range(100)}) == 3000


def test_with_the_truth_as_guide_a_warm_up_begins_with_the_best_of_its_pool(moves, targets, perfect):
    class Spy:
        def __call__(self, architectures):
            self.pool = architectures
            return perfect(architectures)

    values = targets[0].values
    for name in ("random+warmup", "evolution+warmup", "evolution+warmup+move"):
        for run in range(10):
            spy = Spy()
            algorithm = make_algorithm(name, moves, seed_of(0, run), guide=spy, pool=60)
            (first,) = replay(algorithm, values.tolist(), moves.representative, 1)
            assert len(set(spy.pool)) == 60
            assert values[first] == max(values[spy.pool])


def test_with_a_pool_of_everything_and_the_truth_as_guide_one_model_is_enough(moves, targets, perfect):
    settings = SETTINGS | {"pool": len(moves.cells)}
    found = simulate(moves, targets[:1], [perfect], runs=5, budget=1, settings=settings)
    for curve in found.curves:
        if "warmup" in curve.strategy:
            assert (curve.best == targets[0].values.max()).all()
            assert curve.quantiles == dict.fromkeys(curve.quantiles, 1.0)


def test_evolution_and_move_beat_random_search_where_neighbours_are_alike(found, targets):
    finals = {c.strategy: c.mean[-1] for c in found.of(targets[0])}
    assert finals["evolution"] > finals["random"]
    assert finals["evolution+move"] > finals["random"]


def test_strategies_are_told_the_accuracy_that_is_searched_for(moves, small):
    up, down = np.arange(len(small)) / len(small), 1 - np.arange(len(small)) / len(small)
    targets = [
        Target(name, v[small.representative], 0.99, "test") for name, v in (("up", up), ("down", down))
    ]
    found = simulate(
        moves, targets, [], ["evolution"], runs=8, budget=150, settings={"population": 8, "tournament": 4}
    )
    for target in targets:
        by = {curve.strategy: curve for curve in found.of(target)}
        assert by["evolution"].mean[-1] > by["random"].mean[-1]
        assert by["evolution"].mean[-1] > 0.97


@pytest.mark.parametrize("half", ["choose", "report"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_half_is_all_that_is_seen(small, targets, perfect, half, name):
    moves = TabularMoves(small, SPACE, select(small, half=half))
    given = ({"guide": perfect} if "+" in name else {}) | ({"pool": 120} if "warmup" in name else {})
    trained = replay(
        make_algorithm(name, moves, 1, **given), targets[0].values.tolist(), moves.representative, 90
    )
    assert len(trained) == 90
    assert set(trained) <= set(moves.cells)


def test_what_a_guide_has_no_opinion_of_is_not_proposed_by_its_warm_up(small, moves, targets):
    values = np.where(np.arange(len(small)) % 2, np.nan, 1.0)
    guide = opinion(small, values)
    silent = np.isnan(guide.values)
    algorithm = make_algorithm("random+warmup", moves, 5, guide=guide, pool=300)
    for _ in range(60):
        assert not silent[algorithm.ask()]


def test_a_space_that_is_used_up_ends_a_run(small, targets):
    few = TabularMoves(small, SPACE, np.flatnonzero(np.isin(small.representative, small.distinct[:7])))
    found = simulate(few, targets[:1], [], ["random"], runs=3, budget=20)
    (curve,) = found.curves
    best = targets[0].values[few.cells].max()
    assert (curve.best[:, -1] == best).all()
    assert curve.ended == 3
    assert curve.best.shape == (3, 20)


def test_figures_beside_random_search(found, targets):
    target = targets[0]
    cells = found.moves.representatives
    assert found.share(target) == (target.values[cells] >= 0.7).sum() / len(cells)
    assert found.saving(target, found.random(target)) == 1.0
    warm = found.of(target)[2]
    assert found.saving(target, warm) == found.random(target).quantiles[0.5] / warm.quantiles[0.5]
    impossible = Target("clean", target.values, 1.0, "small")
    none = simulate(found.moves, [impossible], [], ["random"], runs=2, budget=5)
    assert math.isnan(none.saving(impossible, none.random(impossible)))
    assert none.expected(impossible) == math.inf
    assert none.random(impossible).missed == 2


def test_as_json(found):
    result = found.to_json()
    assert result["cells"] == {"distinct": len(found.moves.representatives), "strings": 729}
    assert result["trained_models"] == list(range(1, 61))
    assert [t["column"] for t in result["targets"]] == ["clean", "fgsm@8"]
    assert len(result["curves"]) == 12
    for curve in result["curves"]:
        assert len(curve["best_so_far"]["mean"]) == 60
        assert len(curve["models_to_reach"]["runs"]) == 6
    assert result["settings"] == SETTINGS


def test_long_curves_are_thinned_out_in_json(moves, targets):
    counts = simulate(moves, targets[:1], [], ["random"], runs=1, budget=257).counts.tolist()
    assert counts == [*range(1, 101), *range(110, 251, 10), 257]


def test_progress_is_watched(small, moves, targets, perfect):
    seen = []
    names = ["random", "evolution+move"]
    two = [perfect, opinion(small, targets[1].values, "other")]
    simulate(moves, targets, two, names, runs=2, budget=5, settings={"population": 3}, watch=seen.append)
    assert seen == list(range(1, 13))
    assert runs_wanted(names, 2, 2, 2) == 12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": ["annealing"]}, "Unknown algorithm 'annealing'"),
        ({"strategies": ["random", "RAND"]}, "random is named twice"),
        ({"guides": []}, r"random\+warmup needs a guide"),
        ({"settings": {"speed": 1}}, "has a setting speed"),
        ({"settings": {"population": 3}}, "tournament 10, population 3"),
        (
            {"strategies": ["random"], "settings": {"pool": 3}},
            "None of the strategies random has a setting pool",
        ),
        ({"runs": 0}, "got 2, 0 and 60"),
        ({"budget": 0}, "got 2, 6 and 0"),
        ({"targets": []}, "got 0, 6 and 60"),
    ],
)
def test_what_cannot_be_simulated(moves, targets, perfect, changes, message):
    given = {
        "targets": targets,
        "guides": [perfect],
        "strategies": STRATEGIES,
        "runs": 6,
        "budget": 60,
    } | changes
    with pytest.raises(CrozeError, match=message):
        simulate(moves, **given)


def test_a_guide_that_is_there_twice(moves, targets, perfect):
    with pytest.raises(CrozeError, match="guides, each once, got perfect, perfect"):
        simulate(moves, targets, [perfect, perfect])


def test_random_search_is_there_without_being_named(moves, targets):
    found = simulate(moves, targets[:1], [], ["evolution"], runs=1, budget=5)
    assert [curve.strategy for curve in found.curves] == ["random", "evolution"]
