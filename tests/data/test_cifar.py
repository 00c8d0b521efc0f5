import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from croze.data import open_dataset
from croze.errors import CrozeError

TRAIN = [f"data_batch_{k}" for k in range(1, 6)]


@pytest.fixture
def cifar10(tmp_path: Path, image_rows: Callable[[int, int], np.ndarray]) -> Path:
    """Ten images per batch, labelled 0 to 9, in the form of Python 3 with text keys."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in [*TRAIN, "test_batch"]:
        batch = {"data": image_rows(10, 32), "labels": list(range(10)), "filenames": ["x.png"] * 10}
        (folder / name).write_bytes(pickle.dumps(batch))
    return folder


def write(folder: Path, name: str, **entries: Any) -> None:
    (folder / name).write_bytes(pickle.dumps(entries))


def test_cifar10(cifar10: Path, image_rows: Callable[[int, int], np.ndarray]) -> None:
    train, test = open_dataset(f"cifar10:{cifar10}"), open_dataset(f"cifar10:{cifar10}?split=test")
    assert (len(train), len(test), train.classes, train.size) == (50, 10, 10, (3, 32, 32))
    assert train.mean == (0.4914, 0.4822, 0.4465)
    assert train.std == (0.2470, 0.2435, 0.2616)
    assert train.labels.tolist() == list(range(10)) * 5
    np.testing.assert_array_equal(test.read([3])[0], image_rows(10, 32)[3].reshape(3, 32, 32))
    assert train.source == f"cifar10:{cifar10}"


def test_the_parent_folder_does_too(cifar10: Path) -> None:
    assert len(open_dataset(f"cifar10:{cifar10.parent}?split=train")) == 50


def test_python2_batches(cifar10: Path, python2_pickle: Callable[..., bytes], image_rows: Any) -> None:
    rows = image_rows(4, 32)
    (cifar10 / "test_batch").write_bytes(python2_pickle(rows, [9, 8, 7, 6]))
    data = open_dataset(f"cifar10:{cifar10}?split=test")
    assert data.labels.tolist() == [9, 8, 7, 6]
    np.testing.assert_array_equal(data.read([2, 1]), rows.reshape(-1, 3, 32, 32)[[2, 1]])


@pytest.mark.parametrize("key", ["fine_labels", b"fine_labels"])
def test_cifar100(tmp_path: Path, image_rows: Any, key: Any) -> None:
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    data_key: Any = b"data" if isinstance(key, bytes) else "data"
    for name, count in (("train", 6), ("test", 2)):
        batch = {data_key: image_rows(count, 32), key: [99] * count, "coarse_labels": [19] * count}
        (folder / name).write_bytes(pickle.dumps(batch, 2))
    for spec in (f"cifar100:{folder}", f"cifar100:{tmp_path}"):
        data = open_dataset(spec)
        assert (len(data), data.classes, set(data.labels.tolist())) == (6, 100, {99})
        assert data.mean == (0.5071, 0.4865, 0.4409)
        assert data.std == (0.2673, 0.2564, 0.2762)
    assert len(open_dataset(f"cifar100:{tmp_path}?split=test")) == 2


def test_missing_batch_is_named(cifar10: Path) -> None:
    (cifar10 / "data_batch_4").unlink()
    with pytest.raises(
        CrozeError, match=r"'data_batch_4' is missing in .* has 'data_batch_1' to 'data_batch_5'"
    ):
        open_dataset(f"cifar10:{cifar10}")


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"data": np.zeros((1, 3072), np.uint8)}, "test_batch' has no entry 'labels', it has data"),
        ({}, "has no entry 'data', it has none"),
        ({"data": np.zeros((1, 768), np.uint8), "labels": [0]}, r"shape \(N, 3072\), got .* \(1, 768\)"),
        ({"data": np.zeros((1, 3072)), "labels": [0]}, "must be uint8 .* got float64"),
        ({"data": [0], "labels": [0]}, "must be uint8 .* got list"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0]}, "has 2 images and 1 labels"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [10]}, r"must lie in 0\.\.9, image 0 has 10"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [-1]}, r"must lie in 0\.\.9, image 0 has -1"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": ["cat"]}, "image 0 has one of type str"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": 3}, "must be a list or an array, got int"),
        ({"data": np.zeros((0, 3072), np.uint8), "labels": []}, "There are no images in cifar10:"),
    ],
)  # fmt: skip
def test_wrong_batches(cifar10: Path, entries: dict[str, Any], sentence: str) -> None:
    write(cifar10, "test_batch", **entries)
    with pytest.raises(CrozeError, match=sentence):
        open_dataset(f"cifar10:{cifar10}?split=test")


def test_damaged_batch(cifar10: Path) -> None:
    path = cifar10 / "data_batch_2"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CrozeError, match="data_batch_2' is damaged, copy or download it again"):
        open_dataset(f"cifar10:{cifar10}")


def test_wrong_options(cifar10: Path) -> None:
    with pytest.raises(CrozeError, match="split must be one of train, test, got 'val'"):
        open_dataset(f"cifar10:{cifar10}?split=val")
    with pytest.raises(CrozeError, match=r"'cifar10' has no option 'size' \(known options: split\)"):
        open_dataset(f"cifar10:{cifar10}?size=8")
