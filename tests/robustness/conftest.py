from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.data import Dataset, open_dataset
from croze.data.cached import cached
from croze.nn.normalised import Normalised
from croze.nn.seeding import seeded, single_thread

TRAINING = 1400


@dataclass(frozen=True)
class Digits:
    """Real scans of 32 x 32 in [0, 1], shuffled; the last are held out."""

    images: torch.Tensor
    labels: torch.Tensor

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.images[TRAINING:][:count], self.labels[TRAINING:][:count]


@dataclass(frozen=True)
class Batches:
    """Training batches as a function of epoch and step."""

    images: torch.Tensor
    labels: torch.Tensor
    size: int = 64

    @property
    def steps(self) -> int:
        return len(self.images) // self.size

    def __call__(self, epoch: int, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        order = torch.randperm(len(self.images), generator=torch.Generator().manual_seed(epoch))
        rows = order[step * self.size : (step + 1) * self.size]
        return self.images[rows], self.labels[rows]


@pytest.fixture(scope="session")
def digit_scans() -> Digits:
    dataset = open_dataset("digits")
    order = np.random.default_rng(0).permutation(len(dataset))
    images = torch.from_numpy(dataset.read(order)).float() / 255
    return Digits(images, torch.from_numpy(dataset.labels[order]))


@pytest.fixture(scope="session")
def training_batches(digit_scans: Digits) -> Batches:
    return Batches(digit_scans.images[:TRAINING], digit_scans.labels[:TRAINING])


@pytest.fixture(scope="session")
def small_set() -> Dataset:
    """The first 40 digits that are held out."""
    dataset = open_dataset("digits")
    order = np.random.default_rng(0).permutation(len(dataset))
    return cached(dataset, order[TRAINING : TRAINING + 40])


@pytest.fixture(scope="session")
def standard_network(digit_scans: Digits, training_batches: Batches) -> nn.Module:
    """Trained on clean digits."""
    return _trained(digit_scans, training_batches, epsilon=0.0, epochs=8)


@pytest.fixture(scope="session")
def robust_network(digit_scans: Digits, training_batches: Batches) -> nn.Module:
    """Trained on digits perturbed by three steps of PGD within 0.1 in l-inf."""
    return _trained(digit_scans, training_batches, epsilon=0.1, epochs=10)


def _trained(digits: Digits, batches: Batches, epsilon: float, epochs: int) -> nn.Module:
    with seeded(0), single_thread():
        layers: list[nn.Module] = []
        for inputs, outputs in ((3, 8), (8, 16), (16, 24)):
            layers += [
                nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(24 * 16, 10))
        model = Normalised(network, (0.3,) * 3, (0.35,) * 3)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for epoch in range(epochs):
            for step in range(batches.steps):
                images, labels = batches(epoch, step)
                if epsilon:
                    images = _perturbed(model, images, labels, epsilon)
                optimizer.zero_grad()
                functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
        model.eval()
        held_out, labels = digits.batch(1000)
        with torch.no_grad():
            assert (model(held_out).argmax(1) == labels).float().mean() > 0.95
    return model


def _perturbed(model, images, labels, epsilon):
    moved = images + epsilon * (2 * torch.rand_like(images) - 1)
    for _ in range(3):
        moved = moved.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(functional.cross_entropy(model(moved), labels), moved)
        moved = (images + (moved + epsilon / 2 * gradient.sign() - images).clamp(-epsilon, epsilon)).clamp(
            0, 1
        )
    return moved.detach()
