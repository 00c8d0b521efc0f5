import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from croze.data import load_batch, open_dataset

IN_ANOTHER_PROCESS = """
import sys
from croze.data import load_batch
loaded = {"PIL", "pyarrow", "sklearn", "scipy"} & set(sys.modules)
assert not loaded, loaded
print(load_batch("digits", 13, 5, augment=True).digest())
"""


def test_another_process_draws_the_same_batch_and_imports_lazily() -> None:
    here = load_batch("digits", 13, 5, augment=True).digest()
    run = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == here


def test_load_batch() -> None:
    batch = load_batch("digits", size=20, seed=1, sampling="balanced")
    assert np.bincount(batch.labels).tolist() == [2] * 10
    assert batch.images.shape == (20, 3, 32, 32)
    assert batch.source == "digits"


@pytest.mark.parametrize(
    ("path", "count", "classes", "side"),
    [
        ("cifar10/train.parquet", 50_000, 10, 32),
        ("cifar10/test.parquet", 9_806, 10, 32),
        ("cifar100/sample.parquet", 2_000, 100, 32),
        ("imagenet16_120/sample.parquet", 120, 120, 16),
    ],
)
def test_real_parquet_files(shared_data: Path, path: str, count: int, classes: int, side: int) -> None:
    data = open_dataset(f"parquet:{shared_data / path}")
    assert (len(data), data.classes, data.size) == (count, classes, (3, side, side))
    table = pq.read_table(shared_data / path)
    np.testing.assert_array_equal(data.labels, table["label"].to_numpy())
    indices = [count - 1, 0, count // 2]
    for index, image in zip(indices, data.read(indices), strict=True):
        with Image.open(io.BytesIO(table["img"][index].as_py()["bytes"])) as expected:
            np.testing.assert_array_equal(image, np.asarray(expected.convert("RGB")).transpose(2, 0, 1))


def test_measured_normalisation_of_cifar10_is_near_the_known_one(shared_data: Path) -> None:
    data = open_dataset(f"parquet:{shared_data / 'cifar10/train.parquet'}")
    np.testing.assert_allclose(data.mean, (0.4914, 0.4822, 0.4465), atol=0.01)
    np.testing.assert_allclose(data.std, (0.2470, 0.2435, 0.2616), atol=0.01)


def test_a_balanced_batch_of_real_images(shared_data: Path) -> None:
    spec = f"parquet:{shared_data / 'cifar10/train.parquet'}"
    batch = load_batch(spec, size=64, seed=3)
    assert sorted(np.bincount(batch.labels).tolist()) == [6] * 6 + [7] * 4
    assert batch.digest() == load_batch(spec, size=64, seed=3).digest()
    assert batch.digest() != load_batch(spec, size=64, seed=4).digest()
    assert batch.digest() != load_batch(spec, size=64, seed=3, augment=True).digest()
