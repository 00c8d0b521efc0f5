"""One loop for every recipe: trains, validates, keeps the best epoch, and resumes bit for bit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from croze.data import Dataset
from croze.data.dataset import Indices, evenly_spaced
from croze.errors import CrozeError
from croze.nn.forward import correct_of
from croze.nn.normalised import Normalised
from croze.nn.scratch import evaluating
from croze.nn.seeding import exact_convolutions, seeded
from croze.perturb.base import Ball
from croze.perturb.inputs import PGD
from croze.training.images import Batches
from croze.training.recipe import Recipe
from croze.training.state import Place, load_state, load_weights, save_state, save_weights
from croze.training.step import Session, average_of, input_gradient, optimiser_of, step

_BATCH = 250


@dataclass(frozen=True)
class Validation:
    """Accuracies in [0, 1]; the adversarial one is None for standard training, which does not measure it.

    Clean images whose logits are not all finite, `not_finite`, count as wrong.
    """

    clean: float
    adversarial: float | None
    not_finite: int = 0

    @property
    def value(self) -> float:
        """What is highest in the epoch that is kept: adversarial accuracy, or clean where there is none."""
        return self.clean if self.adversarial is None else self.adversarial


def validate(
    model: Normalised, dataset: Dataset, recipe: Recipe, device: torch.device, seed: int
) -> Validation:
    """Clean accuracy on all images, and on the first of them accuracy under PGD of the recipe's epsilon.

    PGD takes the recipe's `validation_steps` steps of a quarter epsilon from a random start. A network that
    is random in evaluation mode draws from the seed.
    """
    clean = not_finite = 0
    adversarial, attacked = 0, 0
    generator = torch.Generator().manual_seed(seed)
    # spread over the images, for they may be sorted by class
    chosen = evenly_spaced(len(dataset), recipe.validation_images if recipe.adversarial else 0)
    with evaluating(model), seeded(seed, (device,)):
        for start in range(0, len(dataset), _BATCH):
            images, labels = _batch(dataset, np.arange(start, min(start + _BATCH, len(dataset))), device)
            with torch.no_grad():
                logits = model(images)
            clean += int(correct_of(logits, labels).sum())
            not_finite += int((~logits.isfinite().all(1)).sum())
        for start in range(0, len(chosen), _BATCH):
            images, labels = _batch(dataset, chosen[start : start + _BATCH], device)

            def loss(x: Tensor, labels: Tensor = labels) -> Tensor:
                return cross_entropy(model(x), labels, reduction="sum")

            perturbed = PGD(recipe.validation_steps)(
                images, input_gradient(loss), Ball(recipe.epsilon, 0.0, 1.0, norm=recipe.norm), generator
            )
            with torch.no_grad():
                adversarial += int(correct_of(model(perturbed), labels).sum())
            attacked += len(labels)
    return Validation(clean / len(dataset), adversarial / attacked if attacked else None, not_finite)


def dtype_of(model: nn.Module) -> torch.dtype:
    """That of the model's weights, float32 without any."""
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)


def is_random(model: nn.Module, dataset: Dataset, device: torch.device) -> bool:
    """Whether two passes over the same few images differ, in evaluation mode."""
    images, _ = _batch(dataset, np.arange(min(8, len(dataset))), device)
    with evaluating(model), torch.no_grad(), seeded(0, (device,)):
        images = images.to(dtype_of(model))
        first, second = model(images), model(images)
    return not torch.allclose(first, second, rtol=1e-3, atol=1e-5, equal_nan=True)


def _batch(dataset: Dataset, rows: Indices, device: torch.device) -> tuple[Tensor, Tensor]:
    images = torch.from_numpy(dataset.read(rows)).to(device).to(torch.float32) / 255
    return images, torch.from_numpy(dataset.labels[rows]).to(device)


STATE = "last.safetensors"
BEST = "best.safetensors"
CHECKPOINT_SECONDS = 60.0
"""At most so much work is done again after a kill, besides the current step."""

Watch = Callable[[Place, int, float], None]
"""Called after every step with the place, the number of all steps and the loss."""


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
        model: takes pixels; with the weights of the best epoch, in evaluation mode.
        epoch: which one, counted from 1.
        history: a row for each epoch, as in the CSV.
        seconds: of training, over all of its parts.
    """

    model: Normalised
    epoch: int
    history: list[dict[str, Any]]
    seconds: float


def fit(
    network: nn.Module,
    training: Dataset,
    validation: Dataset,
    recipe: Recipe,
    folder: str | Path,
    *,
    seed: int = 0,
    device: str = "cpu",
    mixed_precision: bool = False,
    normalises_input: bool = False,
    title: str = "the network",
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    watch: Watch = lambda place, total, loss: None,
) -> Trained:
    """Train a network and keep its best epoch; what the folder holds of the same training is not done again.

    The same network, images, recipe and seed give the same weights on one machine with as many threads,
    however often the training was interrupted; on CUDA as well, but for operations that torch has no
    deterministic form of.

    Args:
        network: takes normalised images, or pixels with `normalises_input`; trained in place.
        training, validation: disjoint images; the latter choose the epoch that is kept.
        folder: of `last.safetensors` (where the training stands) and `best.safetensors` (the model to use).
        seed: of order, augmentation, drop-path and random starts; the weights are there already.
        device: where to train.
        mixed_precision: autocast to bfloat16; on CUDA only.
        title: what the network is called in messages.
        checkpoint_seconds: how often the state is written within an epoch.
        watch: see `Watch`.

    Raises:
        Diverged: when the loss is not finite; the folder keeps the last good state.
        CrozeError: when the folder is of another network or cannot be written, the data sets do not fit each
            other, or the device cannot be used.
    """
    if training.classes != validation.classes:
        raise CrozeError(
            f"The training images have {training.classes} classes, those for validation {validation.classes}."
        )
    place_of = torch.device(device)
    if mixed_precision and place_of.type != "cuda":
        raise CrozeError(f"Mixed precision is for CUDA devices; train on {device} without it.")
    folder = Path(folder)
    model = in_pixels(network, training, normalises_input)
    model.to(place_of, memory_format=torch.channels_last)  # type: ignore[call-overload]
    check_fits(model, training)
    optimiser = optimiser_of(model, recipe)
    state = folder / STATE
    average = average_of(model, recipe)
    place = load_state(state, model, optimiser, title, average) if state.exists() else Place()
    session = Session(
        model, optimiser, recipe, Batches(training, recipe, seed), place, seed, mixed_precision, average
    )
    validated = model if average is None else cast(Normalised, average.module)
    with exact_convolutions():
        while place.epoch < recipe.epochs:
            _epoch(session, folder, checkpoint_seconds, watch)
            with torch.autocast(place_of.type, torch.bfloat16, enabled=mixed_precision):
                found = validate(validated, validation, recipe, place_of, seed)
            row = _row(session, found)
            place.history.append(row)
            if not place.best or found.value > place.best["value"]:
                place.best = {"epoch": place.epoch + 1, "value": found.value}
                save_weights(folder / BEST, validated, {**row, "title": title})
            place.epoch, place.step, place.sums = place.epoch + 1, 0, {}
            save_state(state, model, optimiser, place, average)
    load_weights(folder / BEST, model, title)
    return Trained(model.eval(), int(place.best["epoch"]), place.history, place.seconds)


def in_pixels(network: nn.Module, dataset: Dataset, normalises_input: bool = False) -> Normalised:
    """The network behind the data set's normalisation, or behind none when it has one of its own."""
    if normalises_input:
        return Normalised(network, (0.0,) * dataset.size[0], (1.0,) * dataset.size[0])
    return Normalised(network, dataset.mean, dataset.std)


def _epoch(session: Session, folder: Path, checkpoint_seconds: float, watch: Watch) -> None:
    """From the place to the end of its epoch."""
    place = session.place
    saved = time.monotonic()
    session.model.train()
    while place.step < session.batches.steps:
        start = time.monotonic()
        loss = step(session)
        place.seconds += time.monotonic() - start
        watch(place, session.total, loss)
        if time.monotonic() - saved > checkpoint_seconds:
            save_state(folder / STATE, session.model, session.optimiser, place, session.average)
            saved = time.monotonic()


def _row(session: Session, found: Validation) -> dict[str, Any]:
    """Of the history: accuracies are shares."""
    sums = session.place.sums

    def share(key: str) -> float | None:
        return sums[key] / sums["images"] if key in sums else None

    return {
        "epoch": session.place.epoch + 1,
        "loss": sums["loss"] / sums["images"],
        "train_clean": share("clean"),
        "train_adversarial": share("adversarial"),
        "validation_clean": found.clean,
        "validation_adversarial": found.adversarial,
        "validation_not_finite": found.not_finite,
        "lr": session.optimiser.param_groups[0]["lr"],
    }


def check_fits(model: nn.Module, dataset: Dataset) -> None:
    """Make sure that a model takes the images of a data set and gives a logit for each of its classes.

    Raises:
        CrozeError: when it does not.
    """
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    with evaluating(model), torch.no_grad():
        try:
            logits = model(torch.zeros(2, *dataset.size, device=device, dtype=dtype_of(model)))
        except CrozeError:
            raise
        except Exception as problem:
            pixels = " x ".join(map(str, dataset.size))
            first = str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__
            raise CrozeError(f"The network does not take images of {pixels} pixels ({first}).") from problem
    if logits.shape != (2, dataset.classes):
        raise CrozeError(
            f"The network gives {logits.shape[1]} logits, but {dataset.source} has {dataset.classes} "
            "classes: build it for as many, or name the data set it was trained for."
        )


def first_steps(
    network: nn.Module,
    training: Dataset,
    recipe: Recipe,
    steps: int,
    *,
    seed: int = 0,
) -> nn.Module:
    """The network after so many steps of `fit` with the same arguments, to the bit.

    Nothing is validated or written. No step leaves the weights as they are.

    Args:
        network: takes normalised images; trained in place, where it is.
        training: the images.
        recipe: what a step does; the learning rate falls as over all of its epochs.
        steps: how many, at most as many as the recipe has.
        seed: of order, augmentation, drop-path and random starts.

    Raises:
        CrozeError: for a number of steps that the recipe does not have.
        Diverged: when the loss is not finite.
    """
    model = in_pixels(network, training)
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    session = Session(
        model, optimiser_of(model, recipe), recipe, Batches(training, recipe, seed), Place(), seed
    )
    if not 0 <= steps <= session.total:
        raise CrozeError(f"Between 0 and {session.total:,} steps of this training can be taken, got {steps}.")
    model.train()
    with exact_convolutions():
        for _ in range(steps):
            if session.place.step == session.batches.steps:
                session.place.epoch, session.place.step = session.place.epoch + 1, 0
            step(session)
    session.optimiser.zero_grad(set_to_none=True)
    return network
