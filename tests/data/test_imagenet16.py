import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from croze.data import open_dataset
from croze.errors import CrozeError

ImageRows = Callable[[int, int], np.ndarray]


def write(folder: Path, name: str, rows: np.ndarray, labels: list[int]) -> None:
    (folder / name).write_bytes(pickle.dumps({"data": rows, "labels": labels, "mean": rows.mean(0)}))


@pytest.fixture
def batches(tmp_path: Path, image_rows: ImageRows) -> Path:
    for k in range(1, 11):
        write(tmp_path, f"train_data_batch_{k}", image_rows(5, 16), [1, 120, 121, 1000, k])
    write(tmp_path, "val_data", image_rows(3, 16), [500, 120, 2])
    return tmp_path


def test_the_first_120_classes_are_kept_and_counted_from_0(batches: Path, image_rows: ImageRows) -> None:
    data = open_dataset(f"imagenet16-120:{batches}")
    assert (len(data), data.classes, data.size) == (30, 120, (3, 16, 16))
    assert data.labels.tolist() == [label for k in range(10) for label in (0, 119, k)]
    np.testing.assert_array_equal(data.read([2])[0], image_rows(5, 16)[4].reshape(3, 16, 16))
    np.testing.assert_allclose(np.array(data.mean) * 255, (122.68, 116.66, 104.01))
    np.testing.assert_allclose(np.array(data.std) * 255, (63.22, 61.26, 65.09))


def test_the_test_split(batches: Path, image_rows: ImageRows) -> None:
    data = open_dataset(f"imagenet16-120:{batches}?split=test")
    assert data.labels.tolist() == [119, 1]
    np.testing.assert_array_equal(data.read([0])[0], image_rows(3, 16)[1].reshape(3, 16, 16))


def test_missing_batch_is_named(batches: Path) -> None:
    (batches / "train_data_batch_10").unlink()
    with pytest.raises(CrozeError, match="'train_data_batch_10' is missing"):
        open_dataset(f"imagenet16-120:{batches}")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([0, 1, 2], r"must lie in 1\.\.1000 as in the ImageNet16 files, got 0"),
        ([1, 1001, 2], "got 1001"),
        ([121, 122, 123], "There are no images in imagenet16-120"),
    ],
)
def test_wrong_labels(batches: Path, image_rows: ImageRows, labels: list[int], sentence: str) -> None:
    write(batches, "val_data", image_rows(3, 16), labels)
    with pytest.raises(CrozeError, match=sentence):
        open_dataset(f"imagenet16-120:{batches}?split=test")


def test_wrong_size(batches: Path, image_rows: ImageRows) -> None:
    write(batches, "val_data", image_rows(3, 32), [1, 2, 3])
    with pytest.raises(CrozeError, match=r"shape \(N, 768\), got uint8 of shape \(3, 3072\)"):
        open_dataset(f"imagenet16-120:{batches}?split=test")
