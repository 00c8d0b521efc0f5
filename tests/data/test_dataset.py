from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.data import ArrayDataset, Normalisation
from croze.data import dataset as module
from croze.data.dataset import evenly_spaced, in_channels, in_classes
from croze.errors import CrozeError


def images(count: int = 4, height: int = 2, width: int = 3) -> np.ndarray:
    return np.arange(count * 3 * height * width, dtype=np.uint8).reshape(count, 3, height, width)


def test_attributes() -> None:
    data = ArrayDataset(images(), [0, 1, 0, 2], source="mine")
    assert (len(data), data.classes, data.size, data.source) == (4, 3, (3, 2, 3), "mine")
    assert data.labels.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        data.labels[0] = 1


def test_read() -> None:
    data = ArrayDataset(images(), [0, 1, 0, 2])
    taken = data.read([3, 0, 3])
    np.testing.assert_array_equal(taken, images()[[3, 0, 3]])
    taken[:] = 0
    np.testing.assert_array_equal(data.read(np.array([3])), images()[[3]])
    assert data.read([]).shape == (0, 3, 2, 3)


@pytest.mark.parametrize(
    ("indices", "sentence"),
    [
        ([0, 4], r"has the images 0\.\.3, but image 4"),
        ([-1], "but image -1"),
        ([0.5], "list of whole numbers, got float64"),
        ([[0]], r"of shape \(1, 1\)"),
        ([True, False], "got bool"),
    ],
)
def test_wrong_indices(indices: Any, sentence: str) -> None:
    with pytest.raises(CrozeError, match=sentence):
        ArrayDataset(images(), [0, 1, 0, 2]).read(indices)


def test_known_normalisation_is_not_measured() -> None:
    known = Normalisation((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    data = ArrayDataset(images(), [0, 1, 0, 2], normalisation=known)
    assert (data.mean, data.std) == (known.mean, known.std)


def test_normalisation_is_measured_over_evenly_spaced_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEASURED_IMAGES", 3)
    pixels = images(9)
    data = ArrayDataset(pixels, [0] * 9)
    np.testing.assert_allclose(data.mean, (pixels[[0, 3, 6]] / 255).mean((0, 2, 3)))
    np.testing.assert_allclose(data.std, (pixels[[0, 3, 6]] / 255).std((0, 2, 3)))


def test_measuring_in_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ArrayDataset(images(9), [0] * 9)
    assert whole.mean
    monkeypatch.setattr(module, "_CHUNK_BYTES", 40)
    pieces = ArrayDataset(images(9), [0] * 9)
    assert (pieces.mean, pieces.std) == (whole.mean, whole.std)


@given(st.integers(1, 10**9), st.integers(1, 2000))
def test_evenly_spaced(length: int, most: int) -> None:
    indices = evenly_spaced(length, most)
    assert len(indices) == min(length, most)
    assert indices[0] == 0
    assert indices[-1] < length
    steps = np.diff(indices)
    assert len(steps) == 0 or 1 <= steps.min() <= steps.max() <= steps.min() + 1


@pytest.mark.parametrize(
    ("pixels", "labels", "sentence"),
    [
        (images().astype(np.float32), [0] * 4, r"uint8 array with values 0\.\.255, got float32"),
        (images().tolist(), [0] * 4, "got list"),
        (images()[:, :0], [0] * 4, r"shape \(N, C, H, W\), got \(4, 0, 2, 3\)"),
        (images()[0], [0] * 3, r"shape \(N, C, H, W\)"),
        (images()[:, :, :0], [0] * 4, r"shape \(N, C, H, W\)"),
        (images(), [0] * 3, "has 4 images and 3 labels"),
        (images()[:0], [], "There are no images in arrays"),
        (images(), [0, 1, 2, 0.5], "must be whole numbers"),
    ],
)
def test_refused(pixels: Any, labels: Any, sentence: str) -> None:
    with pytest.raises(CrozeError, match=sentence):
        ArrayDataset(pixels, labels)


def test_label_beyond_the_classes() -> None:
    with pytest.raises(CrozeError, match=r"must lie in 0\.\.1, image 3 has 2"):
        ArrayDataset(images(), [0, 1, 0, 2], classes=2)


def test_grey_images_are_repeated_for_networks_of_three_channels() -> None:
    grey = ArrayDataset(np.arange(8, dtype=np.uint8).reshape(2, 1, 2, 2), [0, 1], source="grey")
    colour = in_channels(grey, 3)
    assert (colour.size, colour.mean, colour.std) == ((3, 2, 2), grey.mean * 3, grey.std * 3)
    assert np.array_equal(colour.read([1, 0]), grey.read([1, 0]).repeat(3, axis=1))
    assert in_channels(colour, 3) is colour
    assert in_channels(grey, None) is grey


def test_labels_are_matched_by_the_names_of_classes() -> None:
    images = np.zeros((3, 1, 2, 2), dtype=np.uint8)
    data = ArrayDataset(images, [0, 1, 1], 3, class_names=("dog", "cat", "emu"))
    matched = in_classes(data, 4, ("bird", "cat", "dog", "fish"))
    assert (matched.labels.tolist(), matched.classes) == ([2, 1, 1], 4)
    with pytest.raises(CrozeError, match=r"images of cat, which .* it has bird, dog"):
        in_classes(data, 2, ("bird", "dog"))
    unnamed = ArrayDataset(images, [0, 1, 1])
    assert in_classes(unnamed, 4, ("a", "b", "c", "d")).classes == 4
    assert in_classes(unnamed, 2) is unnamed
