"""How much work a table is, said before it begins."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

import torch

from croze.nn.forward import logits_of
from croze.nn.seeding import single_thread
from croze.scoring.evaluator import Evaluator
from croze.training import Recipe

HOUR = 3600


@dataclass(frozen=True)
class Extent:
    """The work, and what a part of it takes here.

    Attributes:
        searches, candidates: how many searches, each of so many candidates.
        trainings, epochs: how many trainings, each of so many epochs.
        images: images through a network forward and backward, at least: one pass a score and every step of
            the trainings, the steps of an adversarial recipe included.
        seconds: of one image, forward and backward, one thread; None where it was not measured.
    """

    searches: int
    candidates: int
    trainings: int
    epochs: int
    images: int
    seconds: float | None

    @property
    def hours(self) -> float | None:
        """Of one core, at least."""
        return None if self.seconds is None else self.images * self.seconds / HOUR

    def sentence(self) -> str:
        """What to expect."""
        text = (
            f"Ahead: {self.searches:,} searches of {self.candidates:,} candidates and {self.trainings:,} "
            f"trainings of {self.epochs:,} epochs, at least {self.images:,} images forward and backward"
        )
        if self.hours is not None:
            text += (
                f", which is {_duration(self.hours)} of one core by a pass timed just now, without the "
                "evaluation"
            )
        return f"{text}. What the folder holds already is not done again."


def extent_of(
    evaluator: Evaluator | None,
    *,
    searches: int,
    candidates: int,
    batch: int,
    trainings: int,
    images: int,
    recipe: Recipe,
) -> Extent:
    """The work of a table.

    Args:
        evaluator: of the networks, on the CPU, to time one pass of a random candidate; None to time none.
        batch: images that a candidate is scored on.
        images: that a network is trained on, validation included.
    """
    steps = recipe.steps if recipe.adversarial else 0
    seen = round(images * (1 - recipe.validation)) * recipe.epochs * (1 + steps)
    total = searches * candidates * batch + trainings * seen
    seconds = None if evaluator is None else seconds_an_image(evaluator)
    return Extent(searches, candidates, trainings, recipe.epochs, total, seconds)


def seconds_an_image(evaluator: Evaluator) -> float:
    """Of one image through a random candidate and back, in one thread: the faster of two passes."""
    space: Any = evaluator.space
    inputs = evaluator.batch.normalised()
    with single_thread():
        network = evaluator.network(str(space.sample(random.Random(evaluator.seed))))
        found = []
        for _ in range(2):
            start = time.perf_counter()
            loss = torch.nn.functional.cross_entropy(logits_of(network(inputs)), evaluator.batch.labels)
            if loss.requires_grad:
                loss.backward()  # type: ignore[no-untyped-call]
            found.append(time.perf_counter() - start)
    return min(found) / len(inputs)


def _duration(hours: float) -> str:
    if hours >= 100:
        return f"{hours:,.0f} hours"
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"
