from typing import Any

import numpy as np
import pytest

from croze.data.labels import count_classes, integer_labels
from croze.errors import CrozeError


@pytest.mark.parametrize(
    "values", [[0, 2, 1], (0, 2, 1), [np.int8(0), 2, np.uint64(1)], np.array([0, 2, 1], dtype=np.uint8)]
)
def test_whole_numbers(values: Any) -> None:
    labels = integer_labels(values, "here")
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 2, 1]


def test_the_array_is_fresh() -> None:
    values = np.array([0, 1])
    integer_labels(values, "here")[0] = 5
    assert values[0] == 0


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([0, 1.0], "must be whole numbers, image 1 has one of type float"),
        ([True], "image 0 has one of type bool"),
        (["a"], "type str"),
        ([[0], [1]], "type list"),
        ([2**70], "must fit 64 bits"),
        ([10**5000], "must fit 64 bits"),
        ("01", "must be a list or an array, got str"),
        (None, "got NoneType"),
        (np.array([0.0, 1.0]), "got an array of float64"),
        (np.array([True]), "got an array of bool"),
        (np.array([None]), "got an array of object"),
        (np.array([[0, 1]]), r"must have shape \(N,\), got \(1, 2\)"),
        (np.array(3), r"must have shape \(N,\)"),
        (np.array([2**64 - 1], dtype=np.uint64), "must fit 64 bits"),
    ],
)
def test_refused(values: Any, sentence: str) -> None:
    with pytest.raises(CrozeError, match=sentence):
        integer_labels(values, "here")


def test_classes() -> None:
    labels = np.array([0, 3, 1])
    assert count_classes(labels, None, "here") == 4
    assert count_classes(labels, 10, "here") == 10


@pytest.mark.parametrize(
    ("labels", "classes", "sentence"),
    [
        ([0, 3], 3, r"of here must lie in 0\.\.2, image 1 has 3"),
        ([0, -1], 3, r"must lie in 0\.\.2, image 1 has -1"),
        ([4, -1], None, r"must lie in 0\.\.4, image 1 has -1"),
        ([-2], None, r"must lie in 0\.\.0, image 0 has -2"),
        ([2**63 - 1], None, "must fit 64 bits"),
        ([], None, "no images in here"),
    ],
)
def test_out_of_range(labels: list[int], classes: int | None, sentence: str) -> None:
    with pytest.raises(CrozeError, match=sentence):
        count_classes(np.array(labels, dtype=np.int64), classes, "here")
