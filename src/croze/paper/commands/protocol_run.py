"""Tables 3 and 4 from the command line: the searches, the trainings, the page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from croze.cli.options import devices_of, folder_of
from croze.cli.output import console
from croze.cli.page_options import check_page
from croze.cli.pool_run import PoolRun
from croze.cli.progress import Bar
from croze.data import load_batch, open_dataset
from croze.data.splits import in_split, same_images
from croze.errors import CrozeError
from croze.files import slug
from croze.paper.commands.protocol_report import report
from croze.paper.printed import PrintedTable, printed
from croze.paper.protocol import (
    Effort,
    PublishedCell,
    Row,
    Searched,
    attack_columns,
    extent_of,
    figures_of,
    published_cells,
    published_row,
    search_once,
    searched_row,
)
from croze.paper.protocol.search import sizes_of
from croze.pool import POOL, MemberResult, folder_of_member, read_design, read_result
from croze.proxies import Criterion, parse_proxies
from croze.robustness.plan import Plan
from croze.scoring.evaluator import Evaluator
from croze.searching.history import SearchHistory
from croze.spaces import Space, open_space
from croze.training import Recipe, split

OWN = "own"
"""The data set of somebody who compares with no print."""


@dataclass(frozen=True, kw_only=True)
class ProtocolRun:
    """One of the two tables.

    Attributes:
        table: `table3` or `table4`.
        figures: its columns.
        methods, cells: rows, as texts.
        searches: repetitions.
        effort: of each search.
        space, settings: what is searched.
        recipe: of the trainings.
        plan: of the evaluation.
        dataset: what the images are; `own` compares with no print.
        data, images, test_data, test_images, workers: as `PoolRun`.
        score_batch: images that candidates are scored on.
        seed: of the first repetition; the next have the next ones.
        device: as `--device`.
        out, page, json: where results go.
    """

    table: str
    figures: tuple[str, ...]
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
    device: str | None
    out: str
    page: Path | None
    json: str | None

    def run(self) -> None:
        """Everything, from the checks to the page.

        Raises:
            CrozeError: for what cannot be read, or as searches and trainings do.
        """
        folder = folder_of(self.out)
        check_page(self.page)
        criteria = [] if self.methods.strip().lower() == "none" else parse_proxies(self.methods)
        cells = published_cells(self.cells)
        if not criteria and not cells:
            raise CrozeError(
                "There are no rows: name proxies with --methods or published cells with --cells."
            )
        paper = self._printed()
        attack_columns(self.plan)
        devices = devices_of(self.device)
        with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
            opened = open_space(self.space, **dict(self.settings))
        for cell in cells:
            self._check_size(cell)
        total = self._check_images()
        terminal = console(self.json)
        kind = devices[0].partition(":")[0] if devices else "cpu"
        self._say_extent(opened, criteria, cells, total, kind, terminal)
        with redirect_stdout(sys.stderr):
            searched = {c.spec: self._search(opened, c, folder, devices, terminal) for c in criteria}
            results = self._train(folder, searched, cells, devices, terminal)
            rows = self._rows(searched, cells, results)
        report(self, folder, opened, rows, searched, paper, kind, terminal)

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Of the repetitions."""
        return tuple(range(self.seed, self.seed + self.searches))

    def _printed(self) -> PrintedTable | None:
        if self.dataset == OWN:
            return None
        known = ["cifar10", "cifar100"] if self.table == "table3" else ["cifar10"]
        if self.dataset not in known:
            raise CrozeError(
                f"--dataset of {self.table} is {', '.join(known)} or {OWN} (no comparison), got "
                f"{self.dataset!r}."
            )
        batch = load_batch(self.data, size=1, seed=self.seed)
        if batch.classes != int(self.dataset.removeprefix("cifar")):
            raise CrozeError(
                f"{self.data} has {batch.classes} classes and is not {self.dataset}: name its images with "
                f"--data, or leave out --dataset."
            )
        return printed(f"table3/{self.dataset}" if self.table == "table3" else "table4")

    def _check_size(self, cell: PublishedCell) -> None:
        """Find out before any work whether a published cell has networks of this size."""
        try:
            open_space(cell.space, **dict(self.settings)).parse(cell.architecture)
        except CrozeError as problem:
            raise CrozeError(
                f"{cell.name} has no network of this size, leave it out of --cells: {problem}"
            ) from None

    def _check_images(self) -> int:
        """Find out before any search whether trainings have their images; how many images --data has."""
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

    def _say_extent(
        self,
        space: Space[Any],
        criteria: Sequence[Criterion],
        cells: Sequence[PublishedCell],
        total: int,
        kind: str,
        terminal: Console,
    ) -> None:
        batch = load_batch(self.data, size=self.score_batch, seed=self.seed)
        extent = extent_of(
            Evaluator(space, batch, self.seed) if kind == "cpu" else None,
            searches=len(criteria) * self.searches,
            candidates=self.effort.candidates,
            batch=self.score_batch,
            trainings=(len(criteria) + len(cells)) * self.searches,
            images=self.images or total,
            recipe=self.recipe,
        )
        terminal.print(extent.sentence())

    def _search(
        self,
        space: Space[Any],
        criterion: Criterion,
        folder: Path,
        devices: Sequence[str],
        terminal: Console,
    ) -> list[Searched]:
        found = []
        for number, seed in enumerate(self.seeds, start=1):
            batch = load_batch(self.data, size=self.score_batch, seed=seed)
            title = f"{criterion.spec}, search {number} of {self.searches}"
            with Bar(terminal, title, self.effort.candidates) as bar:

                def watch(progress: SearchHistory, bar: Bar = bar) -> None:
                    bar.update(progress.scored)

                found.append(
                    search_once(
                        space,
                        criterion,
                        batch,
                        seed,
                        self.effort,
                        folder / "searches" / slug(criterion.spec),
                        workers=self.workers,
                        devices=devices,
                        watch=watch,
                    )
                )
        return found

    def _train(
        self,
        folder: Path,
        searched: dict[str, list[Searched]],
        cells: Sequence[PublishedCell],
        devices: Sequence[str],
        terminal: Console,
    ) -> dict[tuple[int, str, str], MemberResult]:
        """What trainings came to, by seed, space and architecture."""
        found: dict[tuple[int, str, str], MemberResult] = {}
        for number, seed in enumerate(self.seeds):
            wanted: dict[str, dict[str, None]] = {}
            for searches in searched.values():
                if searches[number].architecture:
                    wanted.setdefault(self.space, {})[searches[number].architecture] = None
            for cell in cells:
                wanted.setdefault(cell.space, {})[cell.architecture] = None
            for space, architectures in wanted.items():
                place = folder / self.recipe.method / f"{slug(space)}-seed{seed}"
                names = in_order(place, list(architectures))
                run = PoolRun(
                    place,
                    space,
                    self.settings,
                    self.recipe,
                    self.plan,
                    seed,
                    self.data,
                    self.images,
                    self.test_data,
                    self.test_images,
                    self.workers,
                    devices,
                )
                try:
                    run.train(names, terminal)
                except CrozeError:
                    known = _results(place, names)
                    if len(known) < len(names) or not all(one.failed for one in known.values()):
                        raise  # that all of them diverged is a result
                known = _results(place, names)
                found |= {(seed, space, name): result for name, result in known.items()}
        return found

    def _rows(
        self,
        searched: dict[str, list[Searched]],
        cells: Sequence[PublishedCell],
        results: dict[tuple[int, str, str], MemberResult],
    ) -> list[Row]:
        attacks = attack_columns(self.plan)

        def measured(found: Sequence[MemberResult | None]) -> list[dict[str, float]]:
            return [{} if r is None else figures_of(r.columns, attacks, self.figures) for r in found]

        rows = []
        for cell in cells:
            own = [results.get((seed, cell.space, cell.architecture)) for seed in self.seeds]
            batch = load_batch(self.data, size=self.score_batch, seed=self.seed)
            evaluator = Evaluator(open_space(cell.space, **dict(self.settings)), batch, self.seed)
            sizes = sizes_of(evaluator, cell.architecture)
            rows.append(published_row(cell, self.seeds, sizes, own, measured(own)))
        for spec, searches in searched.items():
            own = [results.get((one.seed, self.space, one.architecture)) for one in searches]
            rows.append(searched_row(spec, searches, own, measured(own)))
        return rows


def in_order(place: Path, names: list[str]) -> list[str]:
    """The architectures that a pool has already, then those that are new to it."""
    known = list(read_design(place).architectures) if (place / POOL).exists() else []
    return [*known, *(name for name in names if name not in known)]


def _results(place: Path, names: Sequence[str]) -> dict[str, MemberResult]:
    found = {name: read_result(folder_of_member(place, i), name) for i, name in enumerate(names)}
    return {name: result for name, result in found.items() if result is not None}
