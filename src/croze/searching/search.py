"""`croze.search`: from what is asked for to a `SearchRun`."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from croze.data import DataLike, load_batch
from croze.errors import CrozeError
from croze.files import read_json, slug
from croze.nn.count import flop_count, live_parameter_count, parameter_count
from croze.nn.seeding import single_thread
from croze.provenance import provenance
from croze.proxies import DEFAULT, Aggregate, Criterion, parse_proxy
from croze.proxies.size import Flops, Params
from croze.scoring.costs import Cost, MeasuredLatency, TableLatency, read_latency
from croze.scoring.evaluator import Evaluator, check_devices, is_kept
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching import loop
from croze.searching.guide import guide_by
from croze.searching.history import Candidate, SearchHistory
from croze.searching.limits import Limits
from croze.searching.loop import IN_FLIGHT
from croze.searching.objectives import Objective, Target, find_objective, find_objectives, quantities_of
from croze.searching.run import FILE, RESULT, Found, SearchRun
from croze.searching.strategies import algorithm_name, make_algorithm, settings_of
from croze.spaces import Space, open_space, space_to_json
from croze.types import Batch

EVERY = 15.0
"""Least seconds between two writings while a search runs."""

SHARE = 0.02
"""Largest share of the time that writing may take; a long search is written more rarely."""

MOST_IMAGES = 8
"""On which live parameters are counted."""

Watch = Callable[[str, int, int, str], None]
"""Told what is searched, how many architectures are scored, how many are wanted, and a remark."""

FREE = ("budget", "data")
"""Settings that do not make another search: a larger budget goes on, and `batch` says what the data were."""


def search(
    space: str | Space[Any] = "nasbench201",
    *,
    proxy: str | Criterion | None = None,
    maximize: str | Target | Iterable[str | Target] = (),
    minimize: str | Target | Iterable[str | Target] = (),
    algorithm: str | None = None,
    budget: int = 500,
    seed: int = 0,
    max_params: int | None = None,
    max_live_params: int | None = None,
    max_flops: int | None = None,
    max_latency: float | None = None,
    latency: str | Cost | None = None,
    data: DataLike = "digits",
    batch_size: int = 8,
    sampling: str = "balanced",
    augment: bool = False,
    micro_batch: int | None = None,
    workers: int = 1,
    ray: str | None = None,
    device: str | Sequence[str] | None = None,
    in_flight: int = IN_FLIGHT,
    guide: str | Criterion | None = None,
    out: str | Path | None = None,
    watch: Watch = lambda *told: None,
    **settings: Any,
) -> SearchRun:
    """Search a space for the architectures that are best by a proxy, or by several objectives at once.

    No candidate is trained. After an interruption the same call continues: every score is stored as soon as
    it is computed, and the run is written every 15 seconds.

    >>> import croze
    >>> space = croze.open_space("nasbench201", channels=4, cells=1)
    >>> run = croze.search(space, proxy="snip", budget=4, max_params=50_000, out="runs/example")
    >>> run.status, len(run.candidates), run.best.params <= 50_000
    ('finished', 4, True)

    Args:
        space: a name of `croze list spaces`, `FILE.py:CLASS` for one of your own, or a space.
        proxy: what to rank by, a text or a value; `croze-robust` where no objective is named.
        maximize, minimize: several objectives instead: proxies, aggregates, costs and `latency`, one or
            more of each. The result is then a Pareto front.
        algorithm: `evolution`, or `nsga2` for several objectives, where none is named.
        budget: distinct architectures to score.
        seed: of strategy, weights, batch and noise.
        max_params, max_live_params: most trainable parameters; the latter counts those that a gradient can
            reach.
        max_flops: most multiply-adds of one image.
        max_latency: most milliseconds of one image's forward pass.
        latency: `FILE.csv:COLUMN` to look latencies up in, or a cost; measured here where none is named.
        data: a spec such as `cifar10:PATH`, a torch `Dataset`, a pair of tensors, or a batch, which is used
            as it is whatever the next three say.
        batch_size, sampling, augment: how the batch is drawn: images in it, `balanced` over classes or
            `random`, padded, cropped and flipped or not.
        micro_batch: most images that a network sees at once; all where it is None.
        workers: 1 for this process, more for worker processes, 0 for one a core. A script that starts workers
            calls this below `if __name__ == "__main__":`.
        ray: the address of a Ray cluster, or `local`, instead of worker processes.
        device: where to score, such as `cuda:0` or `cuda:0,cuda:1`, of which workers take turns.
        in_flight: architectures in work at once; part of the search, whatever the workers.
        guide: of strategies with warm-up or move: a cheaper proxy that decides what is scored at all.
        out: folder of the run; `runs/SETTINGS` where it is None.
        watch: see `Watch`; called before the first score and after each.
        settings: of the strategy, such as `population` and `tournament`.

    Returns:
        The run, saved: also of a search in which everything failed (`run.status`, `run.reason`).

    Raises:
        CrozeError: for what is unknown, out of range or does not go together, when no architecture meets the
            limits, or the folder holds another search.
    """
    if proxy is not None and (maximize or minimize):
        raise CrozeError("Name what to rank by either as `proxy` or as `maximize` and `minimize`.")
    opened = open_space(space) if isinstance(space, str) else space
    if isinstance(latency, str):
        latency = read_latency(latency, opened.parse, opened.canonical)
    latency = latency or MeasuredLatency()
    if maximize or minimize:
        objectives = find_objectives(maximize, minimize, latency)
    else:
        objectives = [find_objective(DEFAULT if proxy is None else proxy, latency)]
    guided_by = None if guide is None else parse_proxy(guide)
    limits = Limits(max_params, max_live_params, max_flops, max_latency, latency)
    name = algorithm_name(algorithm or ("nsga2" if len(objectives) > 1 else "evolution"))
    settings = {key: value for key, value in settings.items() if value is not None}
    own = settings_of(name) | settings
    make_algorithm(name, opened, seed, guide=None if guided_by is None else _unasked, **settings)
    _check_pool(own, budget, guided_by)
    devices = [text.strip() for text in device.split(",")] if isinstance(device, str) else device or ()
    devices = check_devices(devices, here=ray is None)
    if isinstance(data, Batch):
        batch = data
    else:
        batch = load_batch(data, size=batch_size, seed=seed, sampling=sampling, augment=augment)
    source = data if isinstance(data, str) else batch.source
    kind = devices[0].partition(":")[0] if devices else "cpu"
    evaluator = Evaluator(opened, batch, seed, micro_batch, scores_from=kind)
    deciding = search_settings(evaluator, objectives, name, own, limits, guide=guided_by, in_flight=in_flight)
    specs = "+".join(objective.spec for objective in objectives)
    if out is None:
        readable = slug(f"{opened.name}-{specs}-{source}-{name}-seed{seed}")
        out = Path("runs") / f"{readable}-{fingerprint(deciding)}"
    folder = Path(out)
    check_folder(folder, deciding)
    history = SearchHistory(budget, objectives)
    title = f"{specs} on {opened.name}"

    with Store(folder, evaluator.context) as store:
        known = min((store.count(q.spec) for q in quantities_of(objectives) if is_kept(q)), default=0)
        with Ledger(evaluator, store, workers, ray=ray, devices=devices) as ledger:

            def so_far(*, finished: bool = False) -> SearchRun:
                return run_of(
                    history, ledger, folder, {**deciding, "budget": budget, "data": source}, finished=finished
                )

            def told(history: SearchHistory) -> None:
                value = None if history.best is None else history.best.score.value
                watch(title, history.scored, budget, "" if value is None else f"best {value:.6g}")
                saver.update(history)

            def guided(done: int, wanted: int) -> None:
                watch(title, history.scored, budget, f"guide: {done:,} of {wanted:,}")

            saver = Saver(so_far)
            scores_of_guide = None
            if guided_by is not None:
                scores_of_guide = guide_by(guided_by, opened, ledger, limits, history, guided)
            strategy = make_algorithm(name, opened, seed, guide=scores_of_guide, **settings)
            found_before = (
                f"The scores of {known:,} networks are in {folder} already and are not computed again."
            )
            watch(title, 0, budget, found_before if known else "")
            loop.search(
                opened, objectives, strategy, ledger, budget, limits, told,
                in_flight=in_flight, history=history, also=[Params()],
            )  # fmt: skip
            run = with_sizes(so_far(finished=True), evaluator)
    run.save()
    return run


def search_settings(
    evaluator: Evaluator,
    objectives: Sequence[Objective],
    algorithm: str,
    own: Mapping[str, Any],
    limits: Limits,
    *,
    guide: Criterion | None = None,
    in_flight: int = IN_FLIGHT,
) -> dict[str, Any]:
    """Everything that the course of a search depends on but its budget, JSON-ready."""
    latencies = [o.target for o in objectives if isinstance(o.target, Cost)]
    if limits.latency is not None:
        latencies.append(limits.latency_from)
    tables = {cost.source: cost.sha256 for cost in latencies if isinstance(cost, TableLatency)}
    return {
        "objectives": [objective.to_json() for objective in objectives],
        "algorithm": algorithm,
        **own,
        "guide": None if guide is None else guide.spec,
        **({"guide_definition": guide.definition} if isinstance(guide, Aggregate) else {}),
        "in_flight": in_flight,
        "max_params": limits.params,
        "max_live_params": limits.live_params,
        "max_flops": limits.flops,
        "max_latency": limits.latency,
        **({"latency": limits.latency_from.spec} if limits.latency is not None else {}),
        **({"latency_tables": tables} if tables else {}),
        **evaluator.context,
    }


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Eight hex digits that differ between searches of different course."""
    return hashlib.sha256(json.dumps(_deciding(settings), sort_keys=True).encode()).hexdigest()[:8]


def check_folder(folder: Path, settings: Mapping[str, Any]) -> None:
    """Raise a CrozeError when the folder holds another search, or a file that cannot be read as one."""
    for path in (folder / FILE, folder / RESULT):
        if not path.exists():
            continue
        before = read_json(path).get("settings")
        if not isinstance(before, dict):
            raise CrozeError(f"{path} is no result of a search that can be read; name another folder.")
        before = _deciding(before)
        absent, now = object(), _deciding(settings)
        differing = [key for key in {**now, **before} if before.get(key, absent) != now.get(key, absent)]
        if differing:
            raise CrozeError(
                f"{path} is the result of another search, which differs in {', '.join(differing)}: "
                "name another folder."
            )


def run_of(
    history: SearchHistory, ledger: Ledger, folder: Path, settings: Mapping[str, Any], *, finished: bool
) -> SearchRun:
    """A search as it stands, with the sizes that the store knows."""
    evaluator = ledger.evaluator
    return SearchRun(
        folder,
        settings,
        space_to_json(evaluator.space),
        evaluator.batch.classes,
        tuple(_found(candidate, ledger) for candidate in history.candidates),
        finished,
        history.ended,
        history.rejected,
        history.guided,
        history.seconds(),
        provenance(),
        evaluator.space,
    )


def with_sizes(run: SearchRun, evaluator: Evaluator) -> SearchRun:
    """The run with the sizes of the networks that its result shows; None where one cannot be measured."""
    candidates = list(run.candidates)
    images = evaluator.batch.normalised()[:MOST_IMAGES]
    with single_thread():
        for place in run.shown:
            network = evaluator.network(candidates[place].architecture)
            candidates[place] = replace(
                candidates[place],
                params=_size(parameter_count, network),
                live_params=_size(live_parameter_count, network, images),
                flops=_size(flop_count, network, evaluator.batch.images.shape[1:]),
            )
    return replace(run, candidates=tuple(candidates))


class Saver:
    """Writes a search now and then while it runs: what `so_far` gives, at least `every` seconds apart."""

    def __init__(self, so_far: Callable[[], SearchRun], every: float | None = None) -> None:
        self._so_far = so_far
        self._every = EVERY if every is None else every
        self._told = 0
        self._last, self._took = time.monotonic(), 0.0

    def update(self, history: SearchHistory) -> None:
        """Write when there are new candidates and the last time is long enough ago."""
        wait = max(self._every, self._took / SHARE)
        start = time.monotonic()
        if len(history) > self._told and start - self._last >= wait:
            self._so_far().save()
            self._told, self._last = len(history), time.monotonic()
            self._took = self._last - start


def _found(candidate: Candidate, ledger: Ledger) -> Found:
    name = str(candidate.architecture)
    scores = {} if candidate.reason else {s.proxy: s.value for s in candidate.scores if s.value is not None}
    parts = {part.proxy: part.value for part in candidate.parts if part.value is not None}
    sizes = [ledger.known(name, quantity) for quantity in (Params(), Flops())]
    params, flops = (None if s is None or s.value is None else int(s.value) for s in sizes)
    return Found(name, scores, parts, candidate.reason, params, flops)


def _size(count: Callable[..., int], *arguments: Any) -> int | None:
    try:
        return count(*arguments)
    except Exception:  # what was found must be written even where a network cannot be measured
        return None


def _check_pool(own: Mapping[str, Any], budget: int, guide: Criterion | None) -> None:
    if guide is None and "pool" in own and own["pool"] >= budget > 0:
        raise CrozeError(
            f"A pool of {own['pool']:,} uses up the budget of {budget:,}, so that nothing would follow the "
            "warm-up: take a smaller `pool`, a larger `budget`, or a `guide` that looks at the pool instead."
        )


def _unasked(architectures: Sequence[Any]) -> Sequence[float | None]:
    raise AssertionError("a strategy asks its guide when it is asked itself")


def _deciding(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in FREE}
