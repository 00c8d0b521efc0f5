"""Contrast, elastic, pixelate and JPEG against straightforward implementations of their definitions."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from croze.corruptions import SEVERITIES, corrupt
from croze.corruptions.digital import box_windows

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6}


def flatter(image, constants, _):
    mean = image.mean((0, 1), keepdims=True)
    return (image - mean) * constants[0] + mean


def stretched(image, constants, chance):
    strength, smoothing, corners = (32 * c for c in constants)
    moves, noise = chance
    rows, columns = np.mgrid[:32, :32]

    def looked_up(of, at, mode):
        channels = [ndimage.map_coordinates(of[..., c], at, order=1, mode=mode) for c in range(3)]
        return np.stack(channels, axis=2)

    points = np.array([[26.0, 26.0], [26.0, 6.0], [6.0, 6.0]])
    moved = points + corners * moves
    # the affine map from moved points to where they came from, x and y
    back = np.linalg.solve(np.column_stack([moved, np.ones(3)]), points)
    places = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ back
    turned = looked_up(image, (places[..., 1], places[..., 0]), "mirror")
    if strength == 0:
        return turned
    right, down = (
        strength * ndimage.gaussian_filter(n, smoothing, mode="reflect", truncate=3) for n in noise
    )
    return looked_up(turned, (rows + down, columns + right), "reflect")


def boxed(image, constants, _):
    """Pillow's box filter, on floating-point images."""
    small = int(32 * constants[0])
    channels = [
        Image.fromarray(image[..., c].astype(np.float32))
        .resize((small, small), Image.Resampling.BOX)
        .resize((32, 32), Image.Resampling.BOX)
        for c in range(3)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)


def boxed_in_8_bits(image, constants, _):
    small = int(32 * constants[0])
    whole = Image.fromarray(np.rint(image * 255).astype(np.uint8))
    small_one = whole.resize((small, small), Image.Resampling.BOX)
    return np.asarray(small_one.resize((32, 32), Image.Resampling.BOX)) / 255


def compressed(image, constants, _):
    file = io.BytesIO()
    Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(file, "JPEG", quality=constants[0])
    return np.asarray(Image.open(file)) / 255


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_contrast(worst, severity, dtype):
    assert worst("contrast", severity, flatter, dtype=dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_elastic_transform(worst, severity, dtype):
    def draw(draws, images):
        moves = draws.uniform(3, 2).numpy() * 2 - 1
        return list(zip(moves, draws.uniform(2, *images.shape[2:]).numpy() * 2 - 1, strict=True))

    assert worst("elastic_transform", severity, stretched, draw, dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_pixelate(worst, severity):
    assert worst("pixelate", severity, boxed) <= 1e-6  # Pillow has float32
    assert worst("pixelate", severity, boxed_in_8_bits) <= 1.01 / 255


@pytest.mark.parametrize("old", [8, 16, 20, 21, 27, 32, 33, 64, 96])
def test_box_windows_are_those_of_pillow(old):
    ramp = np.random.Generator(np.random.PCG64(old)).random((1, old), dtype=np.float32)
    for new in range(1, 2 * old):
        wanted = np.asarray(Image.fromarray(ramp).resize((new, 1), Image.Resampling.BOX))[0]
        found = [ramp[0, first:last].mean() for first, last in box_windows(old, new)]
        assert np.allclose(found, wanted, atol=1e-6), new


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_jpeg_compression(worst, severity, dtype):
    assert worst("jpeg_compression", severity, compressed, dtype=dtype) <= 1e-7


def test_jpeg_of_any_size(clouds):
    image = clouds(4, 40)[3:, :, :21, :37]
    wanted = compressed(image[0].numpy().transpose(1, 2, 0), (40,), None)
    assert np.abs(corrupt(image, "jpeg", 5)[0].numpy().transpose(1, 2, 0) - wanted).max() < 1e-9


def test_contrast_keeps_the_mean(clouds):
    images = clouds()
    for severity in SEVERITIES:
        flat = corrupt(images, "contrast", severity)
        assert torch.allclose(flat.mean((2, 3)), images.mean((2, 3)))
