"""Tiny networks on real digits, and a pool of some that were trained for an epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from croze.data import Dataset, draw, open_dataset
from croze.data.cached import cached
from croze.scoring.evaluator import Evaluator
from croze.scoring.population import draw as draw_cells
from croze.spaces.nasbench201 import NASBench201
from croze.training import NetworkSpec, find_recipe
from croze.training.run import train_network

SPACE = NASBench201(channels=2, cells=1)


@pytest.fixture(scope="session")
def training() -> Dataset:
    return cached(open_dataset("digits"), np.arange(96))


@pytest.fixture(scope="session")
def evaluator() -> Evaluator:
    return Evaluator(SPACE, draw(open_dataset("digits"), size=8, seed=0), 0)


@pytest.fixture(scope="session")
def cells() -> list[str]:
    """Some distinct cells, the all-3x3 one among them."""
    return [
        *draw_cells(SPACE, 5, 3),
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    ]


@pytest.fixture(scope="session")
def pool(tmp_path_factory, cells, training) -> Path:
    """The folder of a pool: all of the cells, each trained for one epoch."""
    root = tmp_path_factory.mktemp("pool")
    validation = cached(open_dataset("digits"), np.arange(96, 116))
    recipe = find_recipe("standard", {"epochs": "1", "batch_size": "32"})
    for number, cell in enumerate(cells):
        folder = root / "cells" / str(number)
        network = NetworkSpec.from_space(cell, channels=2, cells=1)
        train_network(network, training, validation, recipe, folder, seed=0)
    return root


@pytest.fixture(scope="session")
def members(pool, cells) -> list[tuple[str, Path]]:
    return [(cell, pool / "cells" / str(number)) for number, cell in enumerate(cells)]
