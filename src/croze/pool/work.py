"""Trains and evaluates the members of a pool, here or in worker processes, and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from croze.data import Dataset
from croze.nn.normalised import Normalised
from croze.pool import MemberResult, folder_of_member, read_result
from croze.robustness.evaluate import digest_of_weights, evaluate
from croze.robustness.masking import UNBOUNDED
from croze.robustness.outcomes import Outcomes
from croze.robustness.plan import Plan, prepare
from croze.robustness.trials import Attacked, Corrupted, Trial
from croze.scoring.execution import make_executor
from croze.training import BEST, STATE, Diverged, Recipe, Trained, in_pixels, train
from croze.training.folder import describe, identity, load_trained
from croze.training.images import Batches
from croze.training.network import SpaceNetwork
from croze.training.state import Place

Watch = Callable[[int, str], None]
"""Called with the number of the member at work and a remark."""


@dataclass(frozen=True, eq=False)
class Work:
    """Trains and evaluates members; can be sent to another process.

    Attributes:
        folder: of the pool.
        space, settings: what architectures are of.
        recipe: how they are trained.
        seed: of weights, order, augmentation and attacks.
        training, validation, test: images.
        plan: what members are put through.
        batch_size: of the evaluation.
        device: where to compute.
        mixed_precision: see `croze.training.train`.
        watch: see `Watch`; nothing that is sent to another process.
    """

    folder: Path
    space: str
    settings: tuple[tuple[str, Any], ...]
    recipe: Recipe
    seed: int
    training: Dataset
    validation: Dataset
    test: Dataset
    plan: Plan
    batch_size: int = 100
    device: str = "cpu"
    mixed_precision: bool = False
    watch: Watch | None = None

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
        place = folder_of_member(self.folder, number)
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
            model, _ = load_trained(place)
            training = known.training
        else:
            try:
                found = self._train(number, architecture, place)
            except Diverged as problem:
                return MemberResult(architecture, failed=str(problem))
            model = found.model
            row = found.history[found.epoch - 1]
            training = {
                "epoch": found.epoch,
                "validation_clean": row["validation_clean"],
                "validation_adversarial": row["validation_adversarial"],
                "seconds": found.seconds,
            }
        columns, images = self._evaluate(number, model, place)
        if known is not None:  # what was asked for earlier stays
            columns, images = {**known.columns, **columns}, {**known.images, **images}
        return MemberResult(architecture, columns, images, training)

    def _train(self, number: int, architecture: str, place: Path) -> Trained:
        subject = SpaceNetwork(self.space, self.settings, architecture)
        if self.recipe.auxiliary:
            subject = subject.for_training(self.training.size)
        network = subject.build(self.training.classes, self.seed)
        model = in_pixels(network, self.training)
        describe(subject, model, self.training, self.validation, self.recipe, self.seed).write(place)

        def tell(at: Place, total: int, loss: float) -> None:
            if self.watch is not None:
                step = at.epoch * (total // self.recipe.epochs) + at.step
                self.watch(number, f"training step {step} of {total}, loss {loss:.2f}")

        return train(
            network,
            self.training,
            self.validation,
            self.recipe,
            place,
            seed=self.seed,
            device=self.device,
            mixed_precision=self.mixed_precision,
            title=subject.title,
            watch=tell,
        )

    def _evaluate(
        self, number: int, model: Normalised, place: Path
    ) -> tuple[dict[str, float], dict[str, int]]:
        def batches() -> Batches:
            return Batches(self.training, self.recipe, self.seed)

        def tell(key: str, done: int, accuracy: float) -> None:
            if self.watch is not None:
                self.watch(number, f"{key}: {accuracy:.1%} of {done}")

        trials = [trial for trial in self.plan.trials if is_column(trial)]
        plan = prepare(replace(self.plan, trials=trials), model, batches, self.seed, place)
        context = {
            "weights": digest_of_weights(model),
            "images": identity(self.test),
            "seed": self.seed,
            "batch_size": self.batch_size,
            "device": self.device.partition(":")[0],
        }
        with Outcomes(place, context) as outcomes:
            results = evaluate(
                model,
                self.test,
                plan.trials,
                outcomes=outcomes,
                seed=self.seed,
                batch_size=self.batch_size,
                limits=plan.limits,
                device=self.device,
                watch=tell,
            )
        named = {column_of(trial): results[trial.key] for trial in plan.trials}
        return (
            {name: found.accuracy for name, found in named.items()},
            {name: len(found.correct) for name, found in named.items()},
        )

    def _is_done(self, known: MemberResult) -> bool:
        """Whether it failed, or has every column on as many images as are asked for."""
        wanted = {
            column_of(trial): min(self.plan.limits.get(trial.key, len(self.test)), len(self.test))
            for trial in self.plan.trials
            if is_column(trial)
        }
        return bool(known.failed) or wanted.items() <= known.images.items()


def is_column(trial: Trial) -> bool:
    """Whether the trial is a figure of the network; attacks without a bound look for masked gradients."""
    return not (isinstance(trial, Attacked) and trial.norm == "linf" and trial.epsilon >= UNBOUNDED)


def column_of(trial: Trial) -> str:
    """The trial's name among the columns of a truth: `clean`, `fgsm@8` in 1/255, `pgd@l2:0.5`, `fog@3`."""
    if isinstance(trial, Attacked):
        levels = f"{round(255 * trial.epsilon, 6):g}"
        size = levels if trial.norm == "linf" else f"{trial.norm}:{trial.epsilon:g}"
        return f"{trial.attack.spec}@{size}"
    return str(trial.corruption) if isinstance(trial, Corrupted) else trial.key


Told = Callable[[int, int, MemberResult], None]
"""Called after every member with how many are done, the member's number and its result."""


def train_pool(
    work: Work,
    architectures: Sequence[str],
    *,
    workers: int = 1,
    devices: Sequence[str] = (),
    told: Told | None = None,
) -> list[int]:
    """Train and evaluate all members; those that are done already are found in the folder.

    Several processes, on machines that share the folder too, may run this at once: none works at a member
    that another one is at.

    Args:
        work: what is done with each.
        architectures: by number.
        workers: processes, one torch thread each; 1 computes here, 0 stands for one a core.
        devices: where workers compute, in turn.
        told: see `Told`.

    Returns:
        Numbers of members that other processes are at.

    Raises:
        CrozeError: as `Work`, and as executors do.
    """
    executor = make_executor(work, workers, devices=devices)
    elsewhere = []
    done = 0
    try:
        for item in enumerate(architectures):
            executor.submit(item)
        for (number, _), result in executor.results():
            if result is None:
                elsewhere.append(number)
                continue
            done += 1
            if told is not None:
                told(done, number, result)
    finally:
        executor.close()
    return elsewhere
