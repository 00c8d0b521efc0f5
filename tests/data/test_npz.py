from pathlib import Path
from typing import Any

import numpy as np
import pytest

from croze.data import open_dataset
from croze.errors import CrozeError


def opened(folder: Path, x: Any, y: Any = None, options: str = "") -> Any:
    path = folder / "x.npz"
    np.savez(path, x=x, y=np.arange(len(x)) if y is None else y)
    return open_dataset(f"npz:{path}{options}")


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    ("shape", "channels_first"),
    [
        ((4, 5, 6), lambda x: x[:, None]),
        ((4, 5, 6, 1), lambda x: x.transpose(0, 3, 1, 2)),
        ((4, 5, 6, 3), lambda x: x.transpose(0, 3, 1, 2)),
        ((4, 5, 6, 4), lambda x: x.transpose(0, 3, 1, 2)),
        ((4, 1, 5, 6), lambda x: x),
        ((4, 3, 5, 6), lambda x: x),
        ((4, 4, 5, 6), lambda x: x),
        # Both readings are possible: square images win, then channels first.
        ((4, 3, 3, 1), lambda x: x.transpose(0, 3, 1, 2)),
        ((4, 3, 1, 1), lambda x: x),
        ((4, 3, 3, 3), lambda x: x),
        ((4, 3, 7, 3), lambda x: x),
        ((4, 1, 7, 1), lambda x: x),
    ],
)
def test_layouts(tmp_path: Path, shape: tuple[int, ...], channels_first: Any) -> None:
    x = pixels(*shape)
    data = opened(tmp_path, x)
    expected = channels_first(x)
    assert data.size == expected.shape[1:]
    np.testing.assert_array_equal(data.read([0, 1, 2, 3]), expected)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_are_rounded_to_eight_bits(tmp_path: Path, kind: Any) -> None:
    x = pixels(2, 8, 8)
    np.testing.assert_array_equal(opened(tmp_path, (x / 255).astype(kind)).read([0, 1])[:, 0], x)


def test_one_channel_is_repeated_when_asked(tmp_path: Path) -> None:
    x = pixels(2, 1, 8, 8)
    np.testing.assert_array_equal(opened(tmp_path, x, options="?channels=3").read([0, 1]), x.repeat(3, 1))
    with pytest.raises(CrozeError, match="have 4 channels, not 3"):
        opened(tmp_path, pixels(2, 4, 8, 8), options="?channels=3")


def test_rounding_errors_are_clamped(tmp_path: Path) -> None:
    x = np.array([[[-2.98e-08, 1 + 1e-7]]])
    assert opened(tmp_path, x).read([0]).tolist() == [[[[0, 255]]]]
    with pytest.raises(CrozeError, match="must lie in"):
        opened(tmp_path, np.array([[[-1e-5, 1]]]))


def test_classes(tmp_path: Path) -> None:
    assert opened(tmp_path, pixels(2, 4, 4)).classes == 2
    assert opened(tmp_path, pixels(2, 4, 4), options="?classes=7").classes == 7


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (
            pixels(2, 4),
            None,
            r"must have shape \(N, H, W\), \(N, H, W, C\) or \(N, C, H, W\) .* got \(2, 4\)",
        ),
        (pixels(2, 5, 4, 5), None, r"with 1, 3 or 4 channels, got \(2, 5, 4, 5\)"),
        (pixels(2, 0, 4), None, r"must have shape \(N, C, H, W\)"),
        (pixels(2, 4, 4).astype(np.int64), None, r"must be uint8 0\.\.255 or floats in \[0, 1\], got int64"),
        (pixels(2, 4, 4) > 9, None, "got bool"),
        (pixels(2, 4, 4) / 1.0, None, r"must lie in \[0, 1\] as floats, got values from .*: divide by 255"),
        (np.full((2, 4, 4), -0.5), None, r"got values from -0\.5 to -0\.5"),
        (np.full((2, 4, 4), np.nan), None, r"must lie in \[0, 1\] as floats, got values from nan"),
        (pixels(2, 4, 4), [0, 1, 2], "has 2 images and 3 labels"),
        (pixels(2, 4, 4), [0.0, 1.0], "must be whole numbers, got an array of float64"),
        (pixels(2, 4, 4), ["a", "b"], "must be whole numbers"),
        (pixels(2, 4, 4), [[0], [1]], r"must have shape \(N,\), got \(2, 1\)"),
        (pixels(2, 4, 4), [0, -1], r"must lie in 0\.\.0, image 1 has -1"),
        (pixels(0, 4, 4), [], "whole numbers|no images"),
        (pixels(0, 4, 4), np.zeros(0, np.int64), "There are no images in npz:"),
        (np.array([None, None]), [0, 1], r"Cannot read '.*x\.npz' as a NumPy archive of plain arrays"),
    ],
)
def test_wrong_arrays(tmp_path: Path, x: Any, y: Any, sentence: str) -> None:
    with pytest.raises(CrozeError, match=sentence):
        opened(tmp_path, x, y)


def test_wrong_classes(tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match=r"must lie in 0\.\.0, image 1 has 1"):
        opened(tmp_path, pixels(2, 4, 4), options="?classes=1")
    with pytest.raises(CrozeError, match="'npz' has no option 'size'"):
        opened(tmp_path, pixels(2, 4, 4), options="?size=8")


def test_missing_array(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=pixels(2, 4, 4), labels=[0, 1])
    with pytest.raises(CrozeError, match="has no array 'y', it has x, labels: name the images x"):
        open_dataset(f"npz:{path}")


def test_damaged_archives(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, x=pixels(20, 8, 8), y=np.arange(20))
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[300:320] = bytes(20)
    for data in (b"", b"no archive", whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(data)
        with pytest.raises(CrozeError, match=r"Cannot read '.*x\.npz' as a NumPy archive"):
            open_dataset(f"npz:{path}")


def test_single_array(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, pixels(2, 4, 4))
    with pytest.raises(CrozeError, match=r"holds a single array: save both with np.savez"):
        open_dataset(f"npz:{path}")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(CrozeError, match="'npz' reads a file"):
        open_dataset(f"npz:{tmp_path}")
