import math
import random
from dataclasses import dataclass

import numpy as np
import pytest

from croze.errors import CrozeError
from croze.nn.count import flop_count, parameter_count
from croze.proxies import Aggregate, Measurement, Proxy, Undefined, parse_proxy
from croze.scoring.costs import TableLatency
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.guide import guide_by
from croze.searching.limits import Limits
from croze.searching.loop import IN_FLIGHT, SearchHistory, search
from croze.searching.objectives import Objective, objective_of
from croze.searching.strategies import ALGORITHMS, make_algorithm, settings_of
from croze.searching.strategies.pareto import front, ranked
from croze.spaces.nasbench201 import NASBench201
from croze.spaces.nasbench201.cell import every_cell
from croze.types import Score

SPACE = NASBench201(channels=4, cells=1)


def sizes(space, cell, batch):
    """Parameters and multiply-adds of the built network."""
    network = space.build(cell, classes=batch.classes, seed=0)
    return parameter_count(network), flop_count(network, batch.images.shape[1:])


PARAMS = parse_proxy("params")
SMALL = {"population": 6, "tournament": 3, "pool": 12}
UNGUIDED = [name for name in ALGORITHMS if name != "random+warmup"]
"""A warm-up before a random search needs a guide to make a difference."""


def strategy_of(name, space, seed):
    return make_algorithm(name, space, seed, **{k: v for k, v in SMALL.items() if k in settings_of(name)})


def ranking(history):
    """Candidates with all scores, best first."""
    nothing = (math.nan,) * len(history.objectives)
    return [history.candidate(i) for i in ranked([history.merits(i) or nothing for i in range(len(history))])]


def single(proxy):
    return [objective_of(proxy)]


class CountingEvaluator(Evaluator):
    """Keeps every architecture that it computes."""

    def __call__(self, request):
        self.__dict__.setdefault("computed", []).append(request[0])
        return super().__call__(request)

    @property
    def calls(self):
        return self.__dict__.get("computed", [])


@dataclass(frozen=True)
class Smallness(Proxy):
    """The number of parameters, of which fewer are better."""

    name = "smallness"
    summary = source = "test"
    higher_is_better = False

    def measure(self, passes):
        return Measurement(float(sum(p.numel() for p in passes.model.parameters())))


@dataclass(frozen=True)
class OftenUndefined(Proxy):
    """Has no value on networks of an odd number of tensors."""

    name = "often-undefined"
    summary = source = "test"

    def measure(self, passes):
        tensors = len(list(passes.model.parameters()))
        if tensors % 4:
            raise Undefined(f"{tensors} tensors")
        return Measurement(float(tensors))


@dataclass(frozen=True)
class ThreeCells(NASBench201):
    """Three cells of three classes."""

    def __post_init__(self):
        super().__post_init__()
        names = ("nor_conv_1x1", "nor_conv_3x3", "skip_connect")
        cells = [self.parse(f"|{name}~0|+|none~0|none~1|+|{name}~0|none~1|none~2|") for name in names]
        object.__setattr__(self, "known", [self.canonical(cell) for cell in cells])

    def sample(self, rng):
        return rng.choice(self.known)

    def mutate(self, cell, rng):
        return rng.choice([c for c in self.known if c != cell])


def run(
    folder, digits, budget, *, proxy=PARAMS, algorithm="evolution", seed=0, workers=1, space=SPACE, **more
):
    evaluator = CountingEvaluator(space, digits, seed) if workers == 1 else Evaluator(space, digits, seed)
    strategy = strategy_of(algorithm, space, seed)
    with Store(folder, evaluator.context) as store:
        ledger = Ledger(evaluator, store, workers)
        try:
            return search(space, proxy, strategy, ledger, budget, **more), evaluator
        finally:
            ledger.close()


@pytest.mark.parametrize("algorithm", UNGUIDED)
@pytest.mark.parametrize("budget", [1, IN_FLIGHT, 2 * IN_FLIGHT + 5])
def test_the_budget_counts_distinct_classes(tmp_path, digits, algorithm, budget):
    found, evaluator = run(tmp_path, digits, budget, algorithm=algorithm)
    cells = [c.architecture for c in found.candidates]
    assert len(cells) == len(set(cells)) == budget
    assert all(SPACE.canonical(cell) == cell for cell in cells)
    assert sorted(evaluator.calls) == sorted(map(str, cells))
    assert found.ended == ""


def test_isomorphic_proposals_are_scored_once(tmp_path, digits):
    members = {}
    for cell in every_cell()[2000:2600]:
        members.setdefault(SPACE.canonical(cell), []).append(cell)
    twins = [cell for cells in [c for c in members.values() if len(c) > 1][:4] for cell in cells]

    class Twins(NASBench201):
        def sample(self, rng):
            return rng.choice(twins)

    found, evaluator = run(tmp_path, digits, 10, algorithm="random", space=Twins(4, 1))
    assert {c.architecture for c in found.candidates} == {SPACE.canonical(cell) for cell in twins}
    assert len(evaluator.calls) == 4 < len(twins)


@pytest.mark.parametrize("algorithm", UNGUIDED)
def test_the_seed_decides_the_candidates(tmp_path, digits, algorithm):
    runs = [
        run(tmp_path / str(i), digits, 24, algorithm=algorithm, seed=seed)[0]
        for i, seed in enumerate((1, 1, 2))
    ]
    assert runs[0].candidates == runs[1].candidates
    assert [c.architecture for c in runs[0].candidates] != [c.architecture for c in runs[2].candidates]


def test_two_processes_find_what_one_finds(tmp_path, digits):
    proxy = parse_proxy("croze-positional")
    serial = run(tmp_path / "serial", digits, 16, proxy=proxy, in_flight=4)[0]
    parallel = run(tmp_path / "parallel", digits, 16, proxy=proxy, in_flight=4, workers=2)[0]
    assert [(str(c.architecture), c.score.value) for c in parallel.candidates] == [
        (str(c.architecture), c.score.value) for c in serial.candidates
    ]
    assert [c.architecture for c in ranking(parallel)] == [c.architecture for c in ranking(serial)]


def test_watching_changes_nothing(tmp_path, digits):
    calls = []

    def watch(history):
        calls.append(1)
        ranking(history)
        history.failures()
        history.seconds()

    watched = run(tmp_path / "a", digits, 20, watch=watch)[0]
    assert watched.candidates == run(tmp_path / "b", digits, 20)[0].candidates
    assert len(calls) == 20


@pytest.mark.parametrize("algorithm", UNGUIDED)
@pytest.mark.parametrize(("first", "then"), [(6, 12), (20, 36)])
def test_a_longer_search_goes_on_where_the_shorter_ended(tmp_path, digits, algorithm, first, then):
    short, _ = run(tmp_path / "a", digits, first, algorithm=algorithm)
    long, evaluator = run(tmp_path / "a", digits, then, algorithm=algorithm)
    fresh, _ = run(tmp_path / "b", digits, then, algorithm=algorithm)
    assert len(evaluator.calls) == then - first
    assert long.candidates == fresh.candidates
    assert long.candidates[:first] == short.candidates
    again, evaluator = run(tmp_path / "a", digits, then, algorithm=algorithm)
    assert evaluator.calls == []
    assert again.candidates == long.candidates
    assert again.seconds() == long.seconds()


def test_a_search_stopped_half_way_goes_on(tmp_path, digits):
    def stop(history):
        seen.append(1)
        if len(seen) == 21:
            raise KeyboardInterrupt

    seen = []
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "a", digits, 40, watch=stop)
    found, evaluator = run(tmp_path / "a", digits, 40)
    assert len(evaluator.calls) == 40 - 21
    assert found.candidates == run(tmp_path / "b", digits, 40)[0].candidates


@pytest.mark.parametrize("limits", [Limits(params=8000), Limits(flops=900_000), Limits(8000, 900_000)])
def test_limits_hold(tmp_path, digits, limits):
    found, evaluator = run(tmp_path, digits, 10, proxy=parse_proxy("live-params"), limits=limits)
    assert len(found.candidates) == len(evaluator.calls) == 10
    assert found.rejected > 0
    for candidate in found.candidates:
        params, flops = sizes(SPACE, candidate.architecture, digits)
        assert limits.params is None or params <= limits.params
        assert limits.flops is None or flops <= limits.flops


def test_a_limit_is_the_largest_that_is_allowed(tmp_path, digits, monkeypatch):
    monkeypatch.setattr("croze.searching.loop.TRIES", 40)
    space = ThreeCells(4, 1)
    params = sorted(sizes(space, cell, digits)[0] for cell in space.known)
    assert params[0] < params[1]
    found, _ = run(tmp_path, digits, 3, space=space, limits=Limits(params=params[0]))
    assert [sizes(space, c.architecture, digits)[0] for c in found.candidates] == [params[0]]
    assert found.rejected == 2


def test_impossible_limits_name_the_nearest(tmp_path, digits, monkeypatch):
    monkeypatch.setattr("croze.searching.loop.TRIES", 60)
    space = ThreeCells(4, 1)
    params, flops = (
        min(values) for values in zip(*(sizes(space, c, digits) for c in space.known), strict=True)
    )
    with pytest.raises(CrozeError) as caught:
        run(tmp_path, digits, 5, space=space, limits=Limits(params=10))
    message = str(caught.value)
    assert (
        message == "All 3 architectures tried break the limit on params, "
        f"the nearest has {params:,}: raise the limit."
    )
    with pytest.raises(CrozeError, match=f"the limit on flops, the nearest has {flops:,}: raise the limit"):
        run(tmp_path, digits, 5, space=space, limits=Limits(params=10**9, flops=10))
    between = Limits(params=params, flops=10)
    with pytest.raises(CrozeError) as caught:
        run(tmp_path, digits, 5, space=space, limits=between)
    parts = str(caught.value).split(" or ")
    assert [part.partition("the limit on ")[2].split(",")[0] for part in parts] in (
        ["params", "flops"],
        ["flops", "params"],
    )


def test_sizes_are_measured_once_and_kept(tmp_path, digits, monkeypatch):
    limits = Limits(params=8000, flops=900_000)
    live = parse_proxy("live-params")
    found, evaluator = run(tmp_path, digits, 10, proxy=live, limits=limits)
    assert found.rejected > 0
    with Store(tmp_path, evaluator.context) as store:
        # those of rejected architectures too
        assert store.count("params") == 10 + found.rejected
        assert 10 <= store.count("flops") <= 10 + found.rejected
        for candidate in found.candidates:
            kept = store.get(str(candidate.architecture))
            expected = Evaluator(SPACE, digits, 0)(
                (str(candidate.architecture), (parse_proxy("params"), parse_proxy("flops")))
            )
            assert [kept["params"], kept["flops"]] == expected

    def built(self, *arguments, **settings):
        raise AssertionError("built again")

    monkeypatch.setattr(NASBench201, "build", built)
    again, _ = run(tmp_path, digits, 10, proxy=live, limits=limits)
    assert again.candidates == found.candidates


def test_sizes_known_as_scores_are_not_measured(tmp_path, digits, monkeypatch):
    def measured(*arguments):
        raise AssertionError("measured")

    found, _ = run(tmp_path, digits, 12, algorithm="random")
    monkeypatch.setattr("croze.searching.limits._size", measured)
    least = min(c.score.value for c in found.candidates)
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store:
        ledger = Ledger(evaluator, store)
        for candidate in found.candidates:
            size = candidate.score.value
            broken = Limits(params=int(least)).broken_by(candidate.architecture, ledger)
            assert broken == ({} if size == least else {"params": size})
            with pytest.raises(AssertionError, match="measured"):
                Limits(flops=1).broken_by(candidate.architecture, ledger)


def test_what_cannot_be_measured_fails_with_its_reason_and_has_no_size(tmp_path, digits):
    class Broken(NASBench201):
        def build(self, cell, **settings):
            raise RuntimeError("cannot be built")

    found, evaluator = run(tmp_path, digits, 3, space=Broken(4, 1), limits=Limits(8000, 900_000))
    assert found.rejected == 0
    assert [c.score.reason for c in found.failures()] == ["RuntimeError: cannot be built"] * 3
    with Store(tmp_path, evaluator.context) as store:
        assert store.count("flops") == 0


def test_a_space_that_needs_real_tensors_is_limited_all_the_same(tmp_path, digits):
    class Real(NASBench201):
        def build(self, cell, **settings):
            network = super().build(cell, **settings)
            float(next(network.parameters()).sum())
            return network

    live = parse_proxy("live-params")
    found, _ = run(tmp_path, digits, 5, proxy=live, space=Real(4, 1), limits=Limits(8000))
    assert found.rejected > 0
    assert all(sizes(SPACE, c.architecture, digits)[0] <= 8000 for c in found.candidates)


@pytest.mark.parametrize("budget", [0, -3])
def test_a_budget_below_one(tmp_path, digits, budget):
    with pytest.raises(CrozeError, match=f"at least 1 architecture, got {budget}"):
        run(tmp_path, digits, budget)


@pytest.mark.parametrize("algorithm", UNGUIDED)
def test_a_space_that_is_used_up_ends_the_search(tmp_path, digits, algorithm):
    found, evaluator = run(tmp_path, digits, 10, algorithm=algorithm, space=ThreeCells(4, 1))
    assert len(found.candidates) == len(evaluator.calls) == 3
    assert found.ended.endswith("so the search ended at 3 of 10 architectures")
    exact, _ = run(tmp_path, digits, 3, algorithm=algorithm, space=ThreeCells(4, 1))
    assert exact.ended == ""


@pytest.mark.parametrize("algorithm", UNGUIDED)
def test_failures_are_kept_and_never_ranked(tmp_path, digits, algorithm):
    found, _ = run(tmp_path, digits, 30, proxy=OftenUndefined(), algorithm=algorithm)
    failures, ranked = found.failures(), ranking(found)
    assert len(found.candidates) == 30
    assert failures
    assert ranked
    assert len(failures) + len(ranked) == 30
    assert all(c.score.reason.endswith("tensors") for c in failures)
    assert all(c.score.ok for c in ranked)


@pytest.mark.parametrize(("proxy", "sign"), [(PARAMS, 1), (Smallness(), -1)])
def test_the_ranking_follows_the_proxys_direction(tmp_path, digits, proxy, sign):
    found, _ = run(tmp_path, digits, 60, proxy=proxy)
    values = [c.score.value for c in ranking(found)]
    assert values == sorted(values, key=lambda value: -sign * value)
    assert values[0] != values[-1]
    # evolution has moved the same way
    early, late = ([c.score.value for c in found.candidates[part]] for part in (slice(16), slice(-16, None)))
    assert sign * sum(late) > sign * sum(early)


def test_the_strategy_is_told_values_of_which_more_is_better(tmp_path, digits):
    class Spy:
        several = False

        def __init__(self):
            self.rng, self.told = random.Random(0), {}

        def ask(self):
            return SPACE.sample(self.rng)

        def tell(self, architecture, merits):
            self.told[architecture] = merits if merits is None else merits[0]

        def revise(self, values):
            raise AssertionError("a single proxy never changes a score")

    for proxy, sign in ((PARAMS, 1), (Smallness(), -1), (OftenUndefined(), None)):
        spy = Spy()
        evaluator = Evaluator(SPACE, digits, 0)
        with Store(tmp_path, evaluator.context) as store:
            found = search(SPACE, proxy, spy, Ledger(evaluator, store), 18)
        expected = {c.architecture: c.score.value for c in found.candidates}
        assert spy.told == {k: v if sign is None else sign * v for k, v in expected.items()}
        assert (None in spy.told.values()) == (sign is None)


def test_equal_scores_rank_in_the_order_of_asking():
    cells = [SPACE.sample(random.Random(i)) for i in range(4)]
    values = [1.0, 2.0, 1.0, None]
    up, down = SearchHistory(4, single(PARAMS)), SearchHistory(4, single(Smallness()))
    for history in (up, down):
        spec = history.objectives[0].spec
        history.add([(c, (Score(spec, v),)) for c, v in zip(cells, values, strict=True)])
    assert [c.architecture for c in ranking(up)] == [cells[1], cells[0], cells[2]]
    assert [c.architecture for c in ranking(down)] == [cells[0], cells[2], cells[1]]
    assert [c.architecture for c in up.failures()] == [cells[3]]


AGGREGATE = parse_proxy("logrank(params,l2-norm,l2-norm,flops)")


def test_an_aggregate_ranks_all_candidates_of_the_search(digits, tmp_path):
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store:
        ledger = Ledger(evaluator, store)
        algorithm = make_algorithm("evolution", SPACE, 3, population=6, tournament=3)
        found = search(SPACE, AGGREGATE, algorithm, ledger, 40)
    columns = {
        part.spec: np.array([c.parts[i].value for c in found.candidates])
        for i, part in enumerate(AGGREGATE.distinct)
    }
    assert [c.score.value for c in found.candidates] == AGGREGATE.combine(columns).tolist()
    assert found.best == ranking(found)[0]
    assert found.seconds() > 0


QUICK = ("evolution", "nsga2")


@pytest.mark.parametrize(
    "algorithm",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in UNGUIDED],
)
def test_a_search_by_an_aggregate_repeats_whatever_arrives_first(digits, tmp_path, algorithm):
    def run(folder, reverse, budget):
        evaluator = Evaluator(SPACE, digits, 0)
        with Store(tmp_path / folder, evaluator.context) as store:
            ledger = Ledger(evaluator, store)
            if reverse:
                in_order = ledger.results
                ledger.results = lambda: reversed(list(in_order()))
            strategy = strategy_of(algorithm, SPACE, 3)
            return [
                (c.architecture, c.score.value)
                for c in search(SPACE, AGGREGATE, strategy, ledger, budget).candidates
            ]

    first = run("a", False, 42)
    assert run("b", True, 42) == first
    assert run("c", False, 20) != first
    assert run("c", False, 42) == first, "it goes on from the store as if it had not been ended"


def test_the_algorithm_hears_of_places_that_changed(digits, tmp_path):
    class Spy:
        several = False

        def __init__(self):
            self.rng, self.values = random.Random(0), {}

        def ask(self):
            return SPACE.sample(self.rng)

        def tell(self, architecture, merits):
            (self.values[architecture],) = merits

        def revise(self, merits):
            assert set(merits) == set(self.values)
            assert len(merits) == len(self.values)
            self.values |= {architecture: value for architecture, (value,) in merits.items()}

    spy = Spy()
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store:
        found = search(SPACE, AGGREGATE, spy, Ledger(evaluator, store), 3 * IN_FLIGHT)
    assert spy.values == {c.architecture: c.score.value for c in found.candidates}


def test_where_a_part_fails_the_aggregate_does(digits, tmp_path):
    aggregate = Aggregate("rank", (PARAMS, OftenUndefined()))
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store:
        algorithm = make_algorithm("random", SPACE, 0)
        found = search(SPACE, aggregate, algorithm, Ledger(evaluator, store), 30)
    assert found.failures()
    assert all(c.score.reason.startswith("often-undefined: ") for c in found.failures())
    assert all(0 < c.score.value <= 1 for c in ranking(found))
    assert len(ranking(found)) + len(found.failures()) == 30


def test_more_failures_than_successes_stop_a_search_with_a_summary(tmp_path, digits):
    class Rarely(NASBench201):
        def build(self, cell, **settings):
            if cell.operations[5] in ("none", "skip_connect", "avg_pool_3x3"):
                raise RuntimeError(f"no {cell.operations[5]} today")
            return super().build(cell, **settings)

    found, _ = run(tmp_path, digits, 200, algorithm="random", space=Rarely(4, 1))
    assert len(found.candidates) < 60
    failed = len(found.failures())
    assert 2 * failed > len(found.candidates) >= 32
    counts = f"({failed} of {len(found.candidates)})"
    assert found.ended.startswith(
        f"More than half of the architectures failed {counts}, so the search stopped: "
    )
    for operation in ("none", "skip_connect", "avg_pool_3x3"):
        assert f"because: RuntimeError: no {operation} today" in found.ended
    assert ranking(found), "what succeeded is still ranked"
    again, evaluator = run(tmp_path, digits, 200, algorithm="random", space=Rarely(4, 1))
    assert again.candidates == found.candidates
    assert evaluator.calls == []


def test_several_objectives_give_a_front(tmp_path, digits):
    objectives = [Objective(parse_proxy("params"), True), Objective(parse_proxy("flops"), False)]
    evaluator = Evaluator(SPACE, digits, 0)
    with Store(tmp_path, evaluator.context) as store:
        ledger = Ledger(evaluator, store)
        algorithm = make_algorithm("nsga2", SPACE, 0, population=10)
        found = search(SPACE, objectives, algorithm, ledger, 60)
        again = search(SPACE, objectives, make_algorithm("nsga2", SPACE, 0, population=10), ledger, 60)
    assert again.candidates == found.candidates
    ordered = ranking(found)
    members = front(
        [[score.value * sign for score, sign in zip(c.scores, (1, -1), strict=True)] for c in ordered]
    )
    values = [tuple(score.value for score in ordered[i].scores) for i in members]
    assert len(values) > 3
    params, flops = zip(*values, strict=True)
    assert list(params) == sorted(params, reverse=True)
    assert list(flops) == sorted(flops, reverse=True)
    for candidate in found.candidates:
        network = SPACE.build(candidate.architecture, classes=10, seed=0)
        assert candidate.scores[0].value == parameter_count(network)


@pytest.mark.parametrize("algorithm", ["evolution", "local-search", "evolution+move"])
def test_one_objective_is_all_that_most_strategies_weigh(tmp_path, digits, algorithm):
    objectives = [Objective(parse_proxy("params"), True), Objective(parse_proxy("flops"), False)]
    evaluator = Evaluator(SPACE, digits, 0)
    with (
        Store(tmp_path, evaluator.context) as store,
        pytest.raises(CrozeError, match="one objective, got max params, min flops: use nsga2 or random"),
    ):
        search(SPACE, objectives, make_algorithm(algorithm, SPACE, 0), Ledger(evaluator, store), 5)


def test_what_is_in_flight_is_part_of_the_search_and_workers_are_not(tmp_path, digits):
    class Watched(Ledger):
        """Counts what is asked for and not yet handed out."""

        waiting = most = 0

        def submit(self, architecture, quantities):
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            super().submit(architecture, quantities)

        def results(self):
            for result in super().results():
                self.waiting -= 1
                yield result

    runs = {}
    for in_flight in (2, 8, 32):
        evaluator = Evaluator(SPACE, digits, 0)
        with Store(tmp_path / str(in_flight), evaluator.context) as store:
            ledger = Watched(evaluator, store)
            strategy = strategy_of("evolution", SPACE, 0)
            found = search(SPACE, PARAMS, strategy, ledger, 40, in_flight=in_flight)
            assert ledger.most == in_flight
        runs[in_flight] = [c.architecture for c in found.candidates]
    assert runs[2] != runs[8] != runs[32]
    with pytest.raises(CrozeError, match="At least 1 architecture must be in flight, got 0"):
        run(tmp_path / "x", digits, 4, in_flight=0)


def test_live_parameters_and_latency_are_limits_too(tmp_path, digits, monkeypatch):
    table = {str(cell): float(i % 7 + 1) for i, cell in enumerate(every_cell())}
    lookup = TableLatency("t.csv:ms", "0", table)
    limits = Limits(live_params=7000, latency=3.0, latency_from=lookup)
    found, evaluator = run(tmp_path, digits, 5, proxy=parse_proxy("live-params"), limits=limits)
    assert found.rejected > 0
    assert len(evaluator.calls) == 5, "what is rejected is never scored"
    for candidate in found.candidates:
        assert candidate.score.value <= 7000
        assert table[str(candidate.architecture)] <= 3.0
    message = "All .* tried break the limit on latency, the nearest has 1: raise the limit"
    monkeypatch.setattr("croze.searching.loop.TRIES", 50)
    with pytest.raises(CrozeError, match=message):
        run(tmp_path / "b", digits, 3, limits=Limits(latency=0.5, latency_from=lookup))


def test_an_architecture_without_a_known_latency_breaks_the_limit_on_it(tmp_path, digits, monkeypatch):
    monkeypatch.setattr("croze.searching.loop.TRIES", 60)
    known = {str(SPACE.canonical(cell)): 1.0 for cell in every_cell()[::2]}
    lookup = TableLatency("t.csv:ms", "0", known)
    found, _ = run(tmp_path / "a", digits, 8, limits=Limits(latency=2.0, latency_from=lookup))
    assert all(str(c.architecture) in known for c in found.candidates)
    assert found.rejected > 0
    nothing = TableLatency("t.csv:ms", "1", {})
    with pytest.raises(CrozeError, match="break the limit on latency, which is known of none"):
        run(tmp_path / "b", digits, 3, limits=Limits(latency=2.0, latency_from=nothing))


def test_seconds_of_a_guide_count_once(tmp_path, digits):
    evaluator = Evaluator(SPACE, digits, 0)
    objectives = single(parse_proxy("rank(params,live-params)"))
    history = SearchHistory(10, objectives)
    with Store(tmp_path, evaluator.context) as store:
        ledger = Ledger(evaluator, store)
        guide = guide_by(parse_proxy("live-params"), SPACE, ledger, Limits(), history)
        algorithm = make_algorithm("random+warmup", SPACE, 0, guide=guide, pool=30)
        found = search(SPACE, objectives, algorithm, ledger, 10, history=history)
        spent = [s.seconds for proxy in ("params", "live-params") for s in store.column(proxy).values()]
    assert found.seconds() == pytest.approx(sum(spent))
