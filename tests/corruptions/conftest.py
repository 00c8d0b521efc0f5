from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from croze.corruptions import KINDS, FrostTextures, corrupt
from croze.corruptions.base import Draws
from croze.data import open_dataset

SEED, FIRST = 7, 40
Oracle = Callable[[np.ndarray, Any, Any], np.ndarray]


def made(count: int = 8, side: int = 32) -> torch.Tensor:
    """Coloured clouds in 8 bits, among them a black, a white and a plain image; float64 in [0, 1]."""
    rng = np.random.Generator(np.random.PCG64(count * side))
    fields = rng.normal(size=(count, 3, side, side))
    clouds = ndimage.gaussian_filter(fields, (0, 0, 2, 2)) * 3 + 0.5 + 0.05 * fields
    clouds[0], clouds[1], clouds[2] = 0.0, 1.0, np.array([0.8, 0.2, 0.4])[:, None, None]
    return torch.from_numpy(np.rint(clouds.clip(0, 1) * 255)) / 255


@pytest.fixture(scope="session")
def photographs(shared_data) -> torch.Tensor:
    """The first 200 images of CIFAR-10's test set, float32 in [0, 1]."""
    data = open_dataset(f"parquet:{shared_data / 'cifar10' / 'test.parquet'}")
    return torch.from_numpy(data.read(np.arange(200))).float() / 255


@pytest.fixture(params=["made", "cifar10"])
def images(request) -> torch.Tensor:
    """A few images, float64 `(N, 3, 32, 32)`: made ones, and real ones where they are."""
    if request.param == "made":
        return made(5)
    found = request.getfixturevalue("photographs")[100:104]
    return (found.double() * 255).round() / 255


@pytest.fixture
def clouds() -> Callable[..., torch.Tensor]:
    """`made`, of any number and size."""
    return made


@pytest.fixture
def worst(images) -> Callable[..., float]:
    """How far a corruption and its oracle are apart, at most.

    The oracle sees one image `(H, W, 3)` after the other, with the constants of the severity and what chance
    decides for it: what `draw` takes from the streams, which are those that the corruption gets.
    """

    def measure(
        name: str,
        severity: int,
        oracle: Oracle,
        draw: Callable[[Draws, torch.Tensor], Any] = lambda draws, images: [None] * len(images),
        dtype: torch.dtype = torch.float64,
        frost: FrostTextures | None = None,
        of: Callable[[np.ndarray], float] = lambda difference: float(np.abs(difference).max()),
    ) -> float:
        constants = KINDS[name].constants[severity - 1]
        drawn = draw(Draws(SEED, name, severity, FIRST, len(images)), images)
        found = corrupt(images.to(dtype), name, severity, SEED, FIRST, frost)
        wanted = [
            oracle(image, constants, chance)
            for image, chance in zip(images.numpy().transpose(0, 2, 3, 1), drawn, strict=True)
        ]
        return of(found.double().numpy().transpose(0, 2, 3, 1) - np.stack(wanted).clip(0, 1))

    return measure
