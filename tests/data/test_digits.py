import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from croze.data import open_dataset
from croze.errors import CrozeError


def test_digits() -> None:
    data = open_dataset("digits")
    assert (len(data), data.classes, data.size, data.source) == (1797, 10, (3, 32, 32), "digits")
    np.testing.assert_array_equal(data.labels, load_digits().target)
    # the corners of an enlarged image are those of the small one
    corners = data.read(range(1797))[:, 0][:, ::31, ::31]
    np.testing.assert_array_equal(corners, np.rint(load_digits().images[:, ::7, ::7] * 255 / 16))
    image = data.read([5])[0]
    assert (image[0] == image[1]).all()
    assert (image[0] == image[2]).all()
    assert data.read([5]).max() == 255


def test_enlarging_agrees_with_pillow() -> None:
    small = load_digits().images[42].astype(np.float32) * (255 / 16)
    expected = np.asarray(Image.fromarray(small).resize((32, 32), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(open_dataset("digits").read([42])[0, 0], expected, atol=0.51)


def test_no_path_and_no_options() -> None:
    with pytest.raises(CrozeError, match="'digits' takes no path: write digits, got 'digits:x'"):
        open_dataset("digits:x")
    with pytest.raises(CrozeError, match=r"'digits' has no option 'size' \(it takes no options\)"):
        open_dataset("digits?size=8")
