"""How good a model is on the images set aside: what chooses the epoch to keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from croze.data import Dataset
from croze.data.dataset import Indices, evenly_spaced
from croze.nn.normalised import Normalised
from croze.nn.scratch import evaluating
from croze.perturb.base import Ball
from croze.perturb.pgd import PGD
from croze.training.loss import input_gradient
from croze.training.recipe import Recipe

_BATCH = 250


@dataclass(frozen=True)
class Validation:
    """Accuracies in [0, 1]; the adversarial one is None for standard training, which does not measure it."""

    clean: float
    adversarial: float | None

    @property
    def value(self) -> float:
        """What is highest in the epoch that is kept: adversarial accuracy, or clean where there is none."""
        return self.clean if self.adversarial is None else self.adversarial


def validate(
    model: Normalised, dataset: Dataset, recipe: Recipe, device: torch.device, seed: int
) -> Validation:
    """Clean accuracy on all images, and on the first of them accuracy under PGD of the recipe's epsilon.

    PGD takes the recipe's `validation_steps` steps of a quarter epsilon from a random start.
    """
    clean = 0
    adversarial, attacked = 0, 0
    generator = torch.Generator().manual_seed(seed)
    # spread over the images, for they may be sorted by class
    chosen = evenly_spaced(len(dataset), recipe.validation_images if recipe.adversarial else 0)
    with evaluating(model):
        for start in range(0, len(dataset), _BATCH):
            images, labels = _batch(dataset, np.arange(start, min(start + _BATCH, len(dataset))), device)
            with torch.no_grad():
                clean += int((model(images).argmax(1) == labels).sum())
        for start in range(0, len(chosen), _BATCH):
            images, labels = _batch(dataset, chosen[start : start + _BATCH], device)

            def loss(x: Tensor, labels: Tensor = labels) -> Tensor:
                return cross_entropy(model(x), labels, reduction="sum")

            perturbed = PGD(recipe.validation_steps)(
                images, input_gradient(loss), Ball(recipe.epsilon, 0.0, 1.0), generator
            )
            with torch.no_grad():
                adversarial += int((model(perturbed).argmax(1) == labels).sum())
            attacked += len(labels)
    return Validation(clean / len(dataset), adversarial / attacked if attacked else None)


def _batch(dataset: Dataset, rows: Indices, device: torch.device) -> tuple[Tensor, Tensor]:
    images = torch.from_numpy(dataset.read(rows)).to(device).to(torch.float32) / 255
    return images, torch.from_numpy(dataset.labels[rows]).to(device)
