"""The paper's whole protocol (section 4.3, Tables 3 and 4): search, train what was found, evaluate it.

Methods search by AE+warmup+move; published cells are trained as they are; each repetition has its own seed.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console
from torch.nn.functional import cross_entropy

from croze.cli.progress import Bar, Bars
from croze.data import load_batch, open_dataset
from croze.data.splits import in_split, same_images
from croze.errors import CrozeError
from croze.files import slug
from croze.nn.count import live_parameter_count, parameter_count
from croze.nn.forward import logits_of
from croze.nn.seeding import single_thread
from croze.paper.printed import PrintedTable, printed
from croze.paper.protocol_rows import (
    PublishedCell,
    Row,
    attack_columns,
    published_cells,
    published_row,
    searched_row,
    values_of,
)
from croze.pool import POOL, MemberResult, folder_of_member, read_design, read_result
from croze.pool.run import PoolPlan
from croze.proxies import Criterion, parse_proxies
from croze.robustness.plan import Plan
from croze.scoring.evaluator import Evaluator
from croze.searching.loop import IN_FLIGHT
from croze.searching.run import SearchRun
from croze.searching.search import Watch, search
from croze.spaces import Space, open_space
from croze.training import Recipe, split
from croze.types import Batch

STRATEGY = "evolution+warmup+move"
POPULATION = 50
MOST_IMAGES = 8
"""On which live parameters are counted."""

OWN = "own"
"""The data set of a run without comparison."""


@dataclass(frozen=True)
class Effort:
    """How large a search is: candidates in all, random ones in the warm-up, the best of these that moves
    begin with.

    CrozeError when the warm-up leaves nothing for moves, or is smaller than the population.
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

    The pool is three fifths of the candidates (3,000 of 5,000, as in its Figure 3), the population 50, or the
    pool where that is smaller; in flight are at most a tenth of the candidates, for moves have to learn.
    """
    pool = candidates * 3 // 5 if pool is None else pool
    population = min(POPULATION, pool) if population is None else population
    return Effort(candidates, pool, population, in_flight or max(1, min(IN_FLIGHT, candidates // 10)))


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
    watch: Watch = lambda *told: None,
) -> SearchRun:
    """Search once by warm-up and moves; the folder's scores are not computed again.

    Each criterion has a folder of its own: passes that several proxies share are charged to the first, so in
    a common store a search would look cheaper than it is.
    """
    return search(
        space, proxy=criterion, algorithm=STRATEGY, budget=effort.candidates, seed=seed, data=batch,
        workers=workers, device=devices, in_flight=effort.in_flight, out=folder, watch=watch,
        pool=effort.pool, population=effort.population,
    )  # fmt: skip


def sizes_of(evaluator: Evaluator, architecture: str) -> tuple[int, int | None]:
    """Trainable parameters of the network, and those that a gradient reaches; None where that fails."""
    with single_thread():
        network = evaluator.network(architecture)
        try:
            live = live_parameter_count(network, evaluator.batch.normalised()[:MOST_IMAGES])
        except Exception:  # what was searched must be written even where a network cannot be measured
            live = None
        return parameter_count(network), live


def passes(searches: int, trainings: int, images: int, recipe: Recipe) -> int:
    """Images through a network forward and backward, at least.

    `searches` are images scored, one pass a candidate; `images` are those of a training, validation included.
    A step of an adversarial recipe is so many passes more.
    """
    steps = recipe.steps if recipe.adversarial else 0
    return searches + trainings * round(images * (1 - recipe.validation)) * recipe.epochs * (1 + steps)


def duration_text(seconds: float) -> str:
    """What a table takes on one core."""
    hours = seconds / 3600
    if hours >= 100:
        return f"{hours:,.0f} hours"
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"


def seconds_an_image(evaluator: Evaluator) -> float:
    """Of one image through a random candidate and back, in one thread: the faster of two passes."""
    inputs = evaluator.batch.normalised()
    found = []
    with single_thread():
        network = evaluator.network(str(evaluator.space.sample(random.Random(evaluator.seed))))
        for _ in range(2):
            start = time.perf_counter()
            loss = cross_entropy(logits_of(network(inputs)), evaluator.batch.labels)
            if loss.requires_grad:
                loss.backward()  # type: ignore[no-untyped-call]
            found.append(time.perf_counter() - start)
    return min(found) / len(inputs)


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Search, train and evaluate for one of the two tables; `run` continues what the folder holds.

    `methods` and `cells` are its rows as texts, `searches` the repetitions, `seed` that of the first. A
    `dataset` of `own` compares with no print. What a pool is given too is as of `PoolPlan`.
    """

    table: str
    columns: Sequence[str]
    methods: str
    cells: str
    searches: int
    effort: Effort
    space: str
    settings: tuple[tuple[str, Any], ...]
    recipe: Recipe
    plan: Plan
    dataset: str
    data: str
    images: int | None
    test_data: str | None
    test_images: int
    score_batch: int
    seed: int
    workers: int
    devices: tuple[str, ...]
    folder: Path

    def run(self, terminal: Console) -> list[Row]:
        """Everything, from the checks to the rows; CrozeError as searches and trainings do."""
        if not self.criteria and not self.published:
            raise CrozeError("There are no rows: name methods that search, or published cells.")
        attacks = attack_columns(self.plan)
        total = self._check()
        terminal.print(self.work_ahead(total))
        searched = {c.spec: self._search(c, terminal) for c in self.criteria}
        results = self._train(searched, terminal)

        def measured(found: Sequence[MemberResult | None]) -> list[dict[str, float]]:
            return [{} if r is None else values_of(r.columns, attacks, self.columns) for r in found]

        rows = []
        for cell in self.published:
            own = [results.get((seed, cell.space, cell.architecture)) for seed in self.seeds]
            space = open_space(cell.space, **dict(self.settings))
            sizes = sizes_of(Evaluator(space, self.batch(self.seed), self.seed), cell.architecture)
            rows.append(published_row(cell, self.seeds, sizes, own, measured(own)))
        for spec, searches in searched.items():
            names = ["" if one.best is None else one.best.architecture for one in searches]
            own = [results.get((seed, self.space, n)) for seed, n in zip(self.seeds, names, strict=True)]
            rows.append(searched_row(spec, searches, own, measured(own)))
        return rows

    @cached_property
    def criteria(self) -> list[Criterion]:
        """The methods that search."""
        return [] if self.methods.strip().lower() == "none" else parse_proxies(self.methods)

    @cached_property
    def published(self) -> tuple[PublishedCell, ...]:
        """The published cells."""
        return published_cells(self.cells)

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Of the repetitions."""
        return tuple(range(self.seed, self.seed + self.searches))

    @cached_property
    def kind(self) -> str:
        """Of the device that searches."""
        return self.devices[0].partition(":")[0] if self.devices else "cpu"

    @cached_property
    def opened(self) -> Space[Any]:
        """The space that is searched."""
        with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
            return open_space(self.space, **dict(self.settings))

    @cached_property
    def paper(self) -> PrintedTable | None:
        """The printed table; None where it is of other data. CrozeError for images of another data set."""
        if self.dataset == OWN:
            return None
        known = ["cifar10", "cifar100"] if self.table == "table3" else ["cifar10"]
        if self.dataset not in known:
            raise CrozeError(
                f"--dataset of {self.table} is {', '.join(known)} or {OWN} (no comparison), got "
                f"{self.dataset!r}."
            )
        classes = load_batch(self.data, size=1, seed=self.seed).classes
        if classes != int(self.dataset.removeprefix("cifar")):
            raise CrozeError(
                f"{self.data} has {classes} classes and is not {self.dataset}: name its images with --data, "
                "or leave out --dataset."
            )
        return printed(f"table3/{self.dataset}" if self.table == "table3" else "table4")

    def batch(self, seed: int) -> Batch:
        """What candidates are scored on in the repetition of this seed."""
        return load_batch(self.data, size=self.score_batch, seed=seed)

    def work_ahead(self, total: int) -> str:
        """What is to be done with so many images; on the CPU a pass of a random candidate is timed."""
        searches = len(self.criteria) * self.searches
        trainings = (len(self.criteria) + len(self.published)) * self.searches
        scored = searches * self.effort.candidates * self.score_batch
        images = passes(scored, trainings, self.images or total, self.recipe)
        text = (
            f"To do: {searches:,} searches of {self.effort.candidates:,} candidates and {trainings:,} "
            f"trainings of {self.recipe.epochs:,} epochs, at least {images:,} images forward and backward"
        )
        if self.kind == "cpu":
            evaluator = Evaluator(self.opened, self.batch(self.seed), self.seed)
            duration = duration_text(images * seconds_an_image(evaluator))
            text += f", about {duration} on one core by a pass timed now, without the evaluation"
        return f"{text}. Results in the folder are not computed again."

    def _check(self) -> int:
        """Find out before any search whether all can be trained; the number of images of the data."""
        _ = self.paper, self.opened
        for cell in self.published:
            try:
                open_space(cell.space, **dict(self.settings)).parse(cell.architecture)
            except CrozeError as problem:
                raise CrozeError(
                    f"{cell.name} has no network of this size, leave it out of --cells: {problem}"
                ) from None
        dataset = open_dataset(self.data)
        split(dataset, self.recipe.validation, self.seed, self.images)
        if self.test_data is not None:
            if same_images(in_split(self.test_data), self.data):
                raise CrozeError(
                    f"--test-data {self.test_data} names the training images: name others, or leave it out "
                    "to set some aside."
                )
            tests = open_dataset(in_split(self.test_data))
            if (tests.classes, tests.size) != (dataset.classes, dataset.size):
                raise CrozeError(
                    f"--test-data has {tests.classes} classes of {tests.size} pixels, --data has "
                    f"{dataset.classes} of {dataset.size}: name the test images of the same data set."
                )
        return len(dataset)

    def _search(self, criterion: Criterion, terminal: Console) -> list[SearchRun]:
        found = []
        for number, seed in enumerate(self.seeds, start=1):
            title = f"{criterion.spec}, search {number} of {self.searches}"
            with Bar(terminal, title, self.effort.candidates) as bar, redirect_stdout(sys.stderr):
                found.append(
                    search_once(
                        self.opened,
                        criterion,
                        self.batch(seed),
                        seed,
                        self.effort,
                        self.folder / "searches" / f"{slug(criterion.spec)}-seed{seed}",
                        workers=self.workers,
                        devices=self.devices,
                        watch=lambda what, done, total, remark: bar.update(done),
                    )
                )
        return found

    def _train(
        self, searched: Mapping[str, Sequence[SearchRun]], terminal: Console
    ) -> dict[tuple[int, str, str], MemberResult]:
        """What trainings came to, by seed, space and architecture."""
        found: dict[tuple[int, str, str], MemberResult] = {}
        for number, seed in enumerate(self.seeds):
            wanted: dict[str, dict[str, None]] = {}
            for searches in searched.values():
                best = searches[number].best
                if best is not None:
                    wanted.setdefault(self.space, {})[best.architecture] = None
            for cell in self.published:
                wanted.setdefault(cell.space, {})[cell.architecture] = None
            for space, architectures in wanted.items():
                place = self.folder / self.recipe.method / f"{slug(space)}-seed{seed}"
                names = in_order(place, list(architectures))
                run = PoolPlan(
                    folder=place, space=space, settings=self.settings, recipe=self.recipe, plan=self.plan,
                    seed=seed, data=self.data, images=self.images, test_data=self.test_data,
                    test_images=self.test_images, workers=self.workers, devices=self.devices,
                )  # fmt: skip
                try:
                    with redirect_stdout(sys.stderr), Bars(terminal) as bars:
                        run.train(names, bars)
                except CrozeError:
                    known = _results(place, names)
                    if len(known) < len(names) or not all(one.failed for one in known.values()):
                        raise  # that all of them diverged is a result
                known = _results(place, names)
                found |= {(seed, space, name): result for name, result in known.items()}
        return found


def in_order(place: Path, names: list[str]) -> list[str]:
    """The architectures that a pool has already, then those that are new to it."""
    known = list(read_design(place).architectures) if (place / POOL).exists() else []
    return [*known, *(name for name in names if name not in known)]


def _results(place: Path, names: Sequence[str]) -> dict[str, MemberResult]:
    found = {name: read_result(folder_of_member(place, i), name) for i, name in enumerate(names)}
    return {name: result for name, result in found.items() if result is not None}
