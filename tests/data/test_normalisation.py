import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.data.normalisation import Normalisation, measure
from croze.errors import CrozeError


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32))
def test_agrees_with_numpy(count: int, height: int, width: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (count, 3, height, width), dtype=np.uint8)
    found = measure([images[:1], images[1:]])
    np.testing.assert_allclose(found.mean, (images / 255).mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(found.std, np.maximum((images / 255).std((0, 2, 3)), 1 / 255), rtol=1e-9)


def test_constant_channel_has_a_positive_deviation() -> None:
    found = measure([np.full((2, 3, 4, 4), 51, dtype=np.uint8)])
    assert found == Normalisation((0.2,) * 3, (1 / 255,) * 3)


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        ((), ()),
        ((0.5,) * 3, (0.0, 1.0, 1.0)),
        ((float("nan"),) * 3, (1.0,) * 3),
        ((0.5,) * 3, (1.0,) * 2),
    ],
)
def test_refused(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    with pytest.raises(CrozeError, match="a finite mean and a positive deviation for each channel"):
        Normalisation(mean, std)
