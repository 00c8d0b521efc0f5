import numpy as np
import pytest
import torch
from torch import nn

from croze.data import open_dataset
from croze.data.cached import cached
from croze.nn.seeding import seeded


@pytest.fixture(scope="session")
def images():
    """Training and validation images: real digits, few of them."""
    dataset = open_dataset("digits")
    return cached(dataset, np.arange(0, 240)), cached(dataset, np.arange(240, 300))


@pytest.fixture
def small():
    """Builds a small network with BatchNorm and dropout, from a seed."""

    def build(seed: int = 0, classes: int = 10) -> nn.Module:
        with seeded(seed):
            return nn.Sequential(
                nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(8),
                nn.ReLU(),
                nn.Dropout(0.1),
                nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(16),
                nn.ReLU(),
                nn.AdaptiveAvgPool2d(2),
                nn.Flatten(),
                nn.Linear(64, classes),
            )

    return build


@pytest.fixture
def batch(images):
    rows = np.arange(16)
    x = torch.from_numpy(images[0].read(rows)).float() / 255
    return x, torch.from_numpy(images[0].labels[rows])
