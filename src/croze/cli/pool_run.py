"""What commands that train pools share: images, design, the work with its bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from croze.cli.progress import Bar
from croze.data import open_dataset
from croze.data.splits import in_split
from croze.pool import Design, MemberResult, Pool, read_pool
from croze.pool.images import Images, pool_images
from croze.pool.work import Work, train_pool
from croze.robustness.plan import Plan
from croze.scoring.execution import usable_cores
from croze.training import Recipe
from croze.training.folder import identity

EVALUATED_AT_ONCE = 100
"""Images of a batch of the evaluation."""


@dataclass(frozen=True)
class PoolRun:
    """Everything about a pool but its architectures; the fields are those of `Work` and `pool_images`."""

    folder: Path
    space: str
    settings: tuple[tuple[str, Any], ...]
    recipe: Recipe
    plan: Plan
    seed: int
    data: str
    images: int | None
    test_data: str | None
    test_images: int
    workers: int
    devices: Sequence[str] = ()
    mixed_precision: bool = False

    def train(self, architectures: Sequence[str], terminal: Console) -> Pool:
        """Train and evaluate what the folder lacks of these, and say of those that others are at.

        Raises:
            CrozeError: when the folder holds another pool, images do not fit, or nothing is done in the end.
        """
        sets = self._read(terminal)
        Design(
            self.space,
            self.settings,
            tuple(architectures),
            self.recipe.to_json(),
            self.seed,
            identity(sets.training, sets.validation),
            identity(sets.test),
            EVALUATED_AT_ONCE,
            self.data,
            self.test_data or "",
        ).write(self.folder)
        count = self.workers or len(self.devices) or min(usable_cores(), len(architectures))
        with Bar(terminal, f"{self.recipe.method} training", len(architectures)) as bar:
            finished = 0

            def at_work(number: int, remark: str) -> None:
                bar.update(finished, f"cell {number}: {remark}")

            def told(done: int, number: int, result: MemberResult) -> None:
                nonlocal finished
                finished = done
                clean = result.columns.get("clean")
                bar.update(done, f"cell {number}: {'failed' if clean is None else f'{clean:.1%} clean'}")

            work = Work(
                self.folder,
                self.space,
                self.settings,
                self.recipe,
                self.seed,
                sets.training,
                sets.validation,
                sets.test,
                self.plan,
                EVALUATED_AT_ONCE,
                self.devices[0] if self.devices else "cpu",
                self.mixed_precision,
                at_work if count == 1 else None,
            )
            elsewhere = train_pool(work, architectures, workers=count, devices=self.devices, told=told)
        if elsewhere:
            terminal.print(f"{len(elsewhere)} cells are being trained by another command.")
        return read_pool(self.folder)

    def _read(self, terminal: Console) -> Images:
        dataset = open_dataset(self.data)
        tests = None if self.test_data is None else open_dataset(in_split(self.test_data))
        total = (self.images or len(dataset)) + (0 if tests is None else min(self.test_images, len(tests)))
        with Bar(terminal, "reading images", total) as bar:
            return pool_images(
                dataset,
                tests,
                validation=self.recipe.validation,
                seed=self.seed,
                images=self.images,
                test_images=self.test_images,
                watch=bar.update,
            )
