"""A truth of 729 strings to replay searches on, and the published ones where they exist."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from croze.paper.simulation import TabularMoves, Target, parse_goals, targets_of
from croze.spaces.nasbench201 import Cell, NASBench201
from croze.spaces.nasbench201.cell import expression
from croze.truth import Provenance, Truth, open_truth

SPACE = NASBench201(channels=2, cells=1)


@pytest.fixture(scope="session")
def small() -> Truth:
    """All cells of three operations, twins as the space has them, accuracies that follow the convolutions."""
    cells = [Cell(ops) for ops in product(("skip_connect", "nor_conv_1x1", "nor_conv_3x3"), repeat=6)]
    first: dict[str, int] = {}
    twin = np.array([first.setdefault(expression(cell), i) for i, cell in enumerate(cells)])
    rng = np.random.default_rng(11)
    size = np.array([cell.operations.count("nor_conv_3x3") for cell in cells])
    columns = {
        name: (0.1 + 0.12 * size + 0.05 * rng.random(len(cells)))[twin] for name in ("clean", "fgsm@8")
    }
    return Truth("small", "cifar10", tuple(map(str, cells)), twin, columns, Provenance("memory", {}))


@pytest.fixture(scope="session")
def moves(small: Truth) -> TabularMoves:
    return TabularMoves(small, SPACE, np.arange(len(small)))


@pytest.fixture(scope="session")
def real(shared_data: Path) -> Truth:
    folder = shared_data / "robust_nb201"
    if not folder.is_dir():
        pytest.skip(f"no Robust NAS-Bench-201 in {shared_data}")
    return open_truth(f"robust-nb201:{folder}", "cifar10")


@pytest.fixture(scope="session")
def real_moves(real: Truth) -> TabularMoves:
    return TabularMoves(real, NASBench201(), np.arange(len(real)))


@pytest.fixture(scope="session")
def real_targets(real: Truth, shared_data: Path) -> list[Target]:
    """The goals of Figure 3: clean accuracies of NAS-Bench-201, FGSM-8 of Robust NAS-Bench-201."""
    file = shared_data / "nas_bench_201" / "cifar10_test_accuracy.csv"
    clean = open_truth(f"nasbench201:{file}", "cifar10")
    return targets_of(real, parse_goals("clean=93.5,fgsm-8=46"), clean)
