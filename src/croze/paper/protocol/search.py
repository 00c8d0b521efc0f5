"""One search of the protocol: warm-up and moves by one criterion (AE+warmup+move, section 4.3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.nn.count import live_parameter_count, parameter_count
from croze.nn.seeding import single_thread
from croze.proxies import Criterion
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.searching.history import SearchHistory
from croze.searching.loop import IN_FLIGHT, search
from croze.searching.objectives import objective_of
from croze.searching.strategies import make_algorithm
from croze.spaces import Space
from croze.types import Batch

STRATEGY = "evolution+warmup+move"
POPULATION = 50
MOST_IMAGES = 8
"""On which live parameters are counted."""


@dataclass(frozen=True)
class Effort:
    """How large a search is.

    Attributes:
        candidates: distinct architectures scored, those of the warm-up included.
        pool: of them, random ones that the warm-up looks at.
        population: best of the pool that moves begin with.
        in_flight: asked for before the first is told, see `croze.searching.loop.search`.

    Raises:
        CrozeError: when the warm-up leaves nothing for moves, or is smaller than the population.
    """

    candidates: int
    pool: int
    population: int
    in_flight: int

    def __post_init__(self) -> None:
        if self.candidates < 2:
            raise CrozeError(
                f"A search by warm-up and moves takes at least 2 candidates, got {self.candidates}."
            )
        if not 1 <= self.pool < self.candidates:
            raise CrozeError(
                f"The pool of the warm-up must hold at least 1 of the {self.candidates:,} candidates and "
                f"leave some for moves, got {self.pool:,}."
            )
        if not 1 <= self.population <= self.pool:
            raise CrozeError(
                f"The population must be at least 1 and at most the pool of {self.pool:,}, got "
                f"{self.population:,}."
            )


def effort_of(
    candidates: int, pool: int | None = None, population: int | None = None, in_flight: int | None = None
) -> Effort:
    """The effort with what the paper leaves open filled in.

    Args:
        candidates: 5,000 in the paper.
        pool: without, three fifths of the candidates: 3,000, as in its Figure 3, of 5,000.
        population: without, 50, or the pool where that is smaller.
        in_flight: without, as in any search, and at most a tenth of the candidates: moves have to learn.

    Raises:
        CrozeError: as `Effort`.
    """
    pool = candidates * 3 // 5 if pool is None else pool
    population = min(POPULATION, pool) if population is None else population
    return Effort(candidates, pool, population, in_flight or max(1, min(IN_FLIGHT, candidates // 10)))


@dataclass(frozen=True)
class Searched:
    """What a search found.

    Attributes:
        seed: of strategy, weights and batch.
        architecture: whom the criterion ranks first; empty when nobody has a score.
        score: by the criterion.
        params, live_params: of the network at the searched size.
        candidates: how many were scored.
        failed: how many of them have no score.
        reason: why the first of these; empty without.
        ended: why the search stopped early; empty when it did not.
        seconds: device-seconds of all scores, those found in the store at what they took when computed.
        computed: scores that this call computed.
        wall_seconds: of this call.
    """

    seed: int
    architecture: str
    score: float | None
    params: int | None
    live_params: int | None
    candidates: int
    failed: int
    reason: str
    ended: str
    seconds: float
    computed: int = field(default=0, compare=False)
    wall_seconds: float = field(default=0.0, compare=False)


def search_once(
    space: Space[Any],
    criterion: Criterion,
    batch: Batch,
    seed: int,
    effort: Effort,
    folder: Path,
    *,
    workers: int = 1,
    devices: Sequence[str] = (),
    watch: Callable[[SearchHistory], None] = lambda history: None,
) -> Searched:
    """Search once; scores that the folder's store holds are not computed again.

    Args:
        criterion: what ranks. A failed score is never ranked.
        batch: what candidates are scored on.
        seed: of strategy, weights and noise.
        folder: of the store. Each criterion should have one of its own: passes that several proxies share
            are charged to the first, so in a common store a search would look cheaper than it is.
        workers, devices: as `Ledger`.

    Raises:
        CrozeError: as `croze.searching.loop.search` and the store.
    """
    begun = time.monotonic()
    kind = devices[0].partition(":")[0] if devices else "cpu"
    evaluator = Evaluator(space, batch, seed, scores_from=kind)
    strategy = make_algorithm(STRATEGY, space, seed, pool=effort.pool, population=effort.population)
    history = SearchHistory(effort.candidates, [objective_of(criterion)])
    with Store(folder, evaluator.context) as store:
        before = len(store)
        with Ledger(evaluator, store, workers, devices=devices) as ledger:
            found = search(
                space,
                criterion,
                strategy,
                ledger,
                effort.candidates,
                watch=watch,
                in_flight=effort.in_flight,
                history=history,
            )
        computed = len(store) - before
    best = found.best
    failures = found.failures()
    params, live = (None, None) if best is None else sizes_of(evaluator, str(best.architecture))
    return Searched(
        seed,
        "" if best is None else str(best.architecture),
        None if best is None else best.score.value,
        params,
        live,
        len(found),
        len(failures),
        failures[0].reason if failures else "",
        found.ended,
        found.seconds(),
        computed,
        time.monotonic() - begun,
    )


def sizes_of(evaluator: Evaluator, architecture: str) -> tuple[int, int | None]:
    """Trainable parameters of the network, and those that a gradient reaches; None where that fails."""
    with single_thread():
        network = evaluator.network(architecture)
        try:
            live = live_parameter_count(network, evaluator.batch.normalised()[:MOST_IMAGES])
        except Exception:  # what was searched must be written even where a network cannot be measured
            live = None
        return parameter_count(network), live
