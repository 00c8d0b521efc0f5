"""A pool from its data sets to its members: `croze pool train`, and what of the paper trains many cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croze.data import open_dataset
from croze.data.splits import in_split
from croze.pool.folder import Design, MemberResult, Pool, read_pool
from croze.pool.images import Images, pool_images
from croze.pool.work import Work, train_members
from croze.robustness.plan import Plan
from croze.scoring.execution import usable_cores
from croze.training import Recipe
from croze.training.run import Watch, identity

EVALUATED_AT_ONCE = 100
"""Images of a batch of the evaluation."""


@dataclass(frozen=True, kw_only=True)
class PoolRun:
    """Everything about a pool but its architectures.

    Attributes:
        folder: of the pool.
        space, settings: what the architectures are of; the settings as pairs.
        recipe: how they are trained.
        plan: what they are put through.
        seed: of weights, split, order, augmentation and attacks.
        data: the training images.
        images: train and validate on so many of them only.
        test_data: the test images; None sets a fifth of `data` aside.
        test_images: so many of them at most.
        workers: processes, one torch thread each; 0 for one a core or a device.
        devices: where workers compute, in turn.
        mixed_precision: see `croze.train`.
    """

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

    def train(self, architectures: Sequence[str], watch: Watch = lambda *told: None) -> Pool:
        """Train and evaluate what the folder lacks of these; what other processes are at is left to them.

        Raises:
            CrozeError: when the folder holds another pool, images do not fit, or nothing is done in the end.
        """
        sets = self._read(watch)
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
        finished = 0

        def tell(number: int, remark: str) -> None:
            watch(f"{self.recipe.method} training", finished, len(architectures), f"cell {number}: {remark}")

        def told(done: int, number: int, result: MemberResult) -> None:
            nonlocal finished
            finished = done
            clean = result.columns.get("clean")
            tell(number, "failed" if clean is None else f"{clean:.1%} clean")

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
            tell if count == 1 else None,
        )
        train_members(work, architectures, workers=count, devices=self.devices, told=told)
        return read_pool(self.folder)

    def _read(self, watch: Watch) -> Images:
        dataset = open_dataset(self.data)
        tests = None if self.test_data is None else open_dataset(in_split(self.test_data))
        total = (self.images or len(dataset)) + (0 if tests is None else min(self.test_images, len(tests)))
        return pool_images(
            dataset,
            tests,
            validation=self.recipe.validation,
            seed=self.seed,
            images=self.images,
            test_images=self.test_images,
            watch=lambda done: watch("reading images", done, total, ""),
        )
