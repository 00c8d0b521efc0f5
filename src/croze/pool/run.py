"""Trains and evaluates the members of a pool, here or in worker processes; resumes after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from croze.data import open_dataset
from croze.data.splits import in_split
from croze.nn.normalised import Normalised
from croze.pool.folder import Design, MemberResult, folder_of_member, read_result
from croze.pool.images import Images, pool_images
from croze.pool.pool import Pool
from croze.robustness.conditions import UNBOUNDED, Attacked, Condition, Corrupted
from croze.robustness.evaluate import Outcomes, evaluate_conditions
from croze.robustness.plan import Plan, prepare
from croze.scoring.execution import make_executor, usable_cores
from croze.training import BEST, STATE, Recipe, TrainingRun
from croze.training.images import Batches
from croze.training.network import SpaceNetwork, digest_of_weights
from croze.training.run import Watch, identity, train_network

EVALUATED_AT_ONCE = 100
"""Images of a batch of the evaluation."""


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
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

        device = self.devices[0] if self.devices else "cpu"
        work = Work(self, sets, device, tell if count == 1 else None)
        train_members(work, architectures, workers=count, devices=self.devices, told=told)
        return Pool.load(self.folder)

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


@dataclass(frozen=True, eq=False)
class Work:
    """Trains and evaluates members; can be sent to another process.

    Attributes:
        pool: what is done with each.
        images: read already.
        device: where to compute.
        tell: called with the number of the member at work and a remark; nothing that is sent to another
            process.
    """

    pool: PoolPlan
    images: Images
    device: str = "cpu"
    tell: Callable[[int, str], None] | None = None

    def on(self, device: str) -> Work:
        """The same on another device."""
        return replace(self, device=device)

    def __call__(self, item: tuple[int, str]) -> MemberResult | None:
        """The result of a member by number and architecture; None while another process works at it.

        Raises:
            CrozeError: when its folder holds something else or cannot be written. A training that diverges
                is a failed result instead.
        """
        number, architecture = item
        place = folder_of_member(self.pool.folder, number)
        known = read_result(place, architecture)
        if known is not None and self._is_done(known):
            return known
        place.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(place / ".lock", timeout=0):
                known = read_result(place, architecture)  # another process may have been at it
                if known is not None and self._is_done(known):
                    return known
                result = self._result(number, architecture, place, known)
                result.write(place)
                (place / STATE).unlink(missing_ok=True)
                return result
        except Timeout:
            return None

    def _result(
        self, number: int, architecture: str, place: Path, known: MemberResult | None
    ) -> MemberResult:
        if known is not None and (place / BEST).exists():
            model, training = TrainingRun.load(place).model(), known.training
        else:
            run = self._train(number, architecture, place)
            if run.best is None:
                return MemberResult(architecture, failed=run.reason)
            model = run.model().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            measured = {name: run.best[name] for name in ("validation_clean", "validation_adversarial")}
            training = {"epoch": run.best_epoch, **measured, "seconds": run.seconds}
        columns, images = self._evaluate(number, model, place)
        if known is not None:  # what was asked for earlier stays
            columns, images = {**known.columns, **columns}, {**known.images, **images}
        return MemberResult(architecture, columns, images, training)

    def _train(self, number: int, architecture: str, place: Path) -> TrainingRun:
        network = SpaceNetwork(self.pool.space, self.pool.settings, architecture)
        if self.pool.recipe.auxiliary:
            network = network.for_training(self.images.training.size)

        def tell(what: str, done: int, total: int, remark: str) -> None:
            if self.tell is not None:
                self.tell(number, f"step {done} of {total}, {remark}")

        return train_network(
            network, self.images.training, self.images.validation, self.pool.recipe, place,
            seed=self.pool.seed, device=self.device, mixed_precision=self.pool.mixed_precision, watch=tell,
        )  # fmt: skip

    def _evaluate(
        self, number: int, model: Normalised, place: Path
    ) -> tuple[dict[str, float], dict[str, int]]:
        def batches() -> Batches:
            return Batches(self.images.training, self.pool.recipe, self.pool.seed)

        def tell(key: str, done: int, accuracy: float) -> None:
            if self.tell is not None:
                self.tell(number, f"{key}: {accuracy:.1%} of {done}")

        conditions = [condition for condition in self.pool.plan.conditions if is_column(condition)]
        plan = prepare(replace(self.pool.plan, conditions=conditions), model, batches, self.pool.seed, place)
        context = {
            "weights": digest_of_weights(model),
            "images": identity(self.images.test),
            "seed": self.pool.seed,
            "batch_size": EVALUATED_AT_ONCE,
            "device": self.device.partition(":")[0],
        }
        with Outcomes(place, context) as outcomes:
            results = evaluate_conditions(
                model,
                self.images.test,
                plan.conditions,
                outcomes=outcomes,
                seed=self.pool.seed,
                batch_size=EVALUATED_AT_ONCE,
                limits=plan.limits,
                device=self.device,
                watch=tell,
            )
        named = {column_of(condition): results[condition.key] for condition in plan.conditions}
        return (
            {name: found.accuracy for name, found in named.items()},
            {name: len(found.correct) for name, found in named.items()},
        )

    def _is_done(self, known: MemberResult) -> bool:
        """Whether it failed, or has every column on as many images as are asked for."""
        wanted = {
            column_of(condition): min(
                self.pool.plan.limits.get(condition.key, len(self.images.test)), len(self.images.test)
            )
            for condition in self.pool.plan.conditions
            if is_column(condition)
        }
        return bool(known.failed) or wanted.items() <= known.images.items()


def is_column(condition: Condition) -> bool:
    """Whether the condition measures the network; attacks without a bound look for masked gradients."""
    return not (
        isinstance(condition, Attacked) and condition.norm == "linf" and condition.epsilon >= UNBOUNDED
    )


def column_of(condition: Condition) -> str:
    """Its name among the columns of a truth: `clean`, `fgsm@8` in 1/255, `pgd@l2:0.5`, `fog@3`."""
    if isinstance(condition, Attacked):
        levels = f"{round(255 * condition.epsilon, 6):g}"
        size = levels if condition.norm == "linf" else f"{condition.norm}:{condition.epsilon:g}"
        return f"{condition.attack.spec}@{size}"
    return str(condition.corruption) if isinstance(condition, Corrupted) else condition.key


def train_members(
    work: Work,
    architectures: Sequence[str],
    *,
    workers: int = 1,
    devices: Sequence[str] = (),
    told: Callable[[int, int, MemberResult], None] = lambda done, number, result: None,
) -> list[int]:
    """Train and evaluate all members; those that are done already are found in the folder.

    Several processes, on machines that share the folder too, may run this at once: none works at a member
    that another one is at.

    Args:
        work: what is done with each.
        architectures: by number.
        workers: processes, one torch thread each; 1 computes here, 0 stands for one a core.
        devices: where workers compute, in turn.
        told: called after every member with how many are done, the member's number and its result.

    Returns:
        Numbers of members that other processes are at.

    Raises:
        CrozeError: as `Work`, and as executors do.
    """
    executor = make_executor(work, workers, devices=devices)
    elsewhere, done = [], 0
    try:
        for item in enumerate(architectures):
            executor.submit(item)
        for (number, _), result in executor.results():
            if result is None:
                elsewhere.append(number)
                continue
            done += 1
            told(done, number, result)
    finally:
        executor.close()
    return elsewhere
