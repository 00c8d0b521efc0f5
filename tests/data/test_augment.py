import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.data.augment import augment


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000))
def test_every_image_is_a_shifted_or_mirrored_original(
    count: int, height: int, width: int, seed: int
) -> None:
    images = rng(seed).integers(1, 256, (count, 3, height, width), dtype=np.uint8)
    before = images.copy()
    found = augment(images, rng(seed))
    np.testing.assert_array_equal(images, before)
    assert found.shape == images.shape
    assert found.dtype == np.uint8
    rows, columns = height // 8, width // 8
    padded = np.pad(images, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(2, 3))
    for k in range(count):
        options = windows[k].transpose(1, 2, 0, 3, 4).reshape(-1, 3, height, width)
        assert any((option == found[k]).all() or (option[..., ::-1] == found[k]).all() for option in options)


def test_seeded() -> None:
    images = rng(0).integers(0, 256, (8, 3, 32, 32), dtype=np.uint8)
    np.testing.assert_array_equal(augment(images, rng(5)), augment(images, rng(5)))
    assert (augment(images, rng(5)) != augment(images, rng(6))).any()


def test_all_offsets_and_both_directions_occur() -> None:
    marked = np.zeros((2000, 3, 32, 32), dtype=np.uint8)
    marked[:, :, 16, 10] = 255
    _, rows, columns = np.nonzero(augment(marked, rng(0))[:, 0])
    assert set(rows) == set(range(12, 21))
    # Column 10 is at 6..14, and mirrored at 17..25.
    assert set(columns) == {*range(6, 15), *range(17, 26)}
    assert np.mean(columns > 15) == pytest.approx(0.5, abs=0.05)
