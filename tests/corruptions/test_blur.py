"""The blurs against straightforward implementations of their definitions."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage, signal

from croze.corruptions import SEVERITIES, corrupt
from croze.corruptions.blur import motion_blur

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6}


def defocused(image, constants, _):
    radius, smoothing = constants
    side = np.arange(-8, 9)
    disk = np.array([[float(x * x + y * y <= radius * radius) for x in side] for y in side])
    disk /= disk.sum()
    line = np.exp(-0.5 * (np.array([-1, 0, 1]) / smoothing) ** 2)
    kernel = signal.convolve2d(disk, np.outer(line, line) / line.sum() ** 2, mode="same")
    channels = [ndimage.correlate(image[..., c], kernel, mode="mirror") for c in range(3)]
    return np.stack(channels, axis=2)


def seen_through_glass(image, constants, draws):
    sigma, distance, _ = constants

    def blurred(of):
        channels = [
            ndimage.gaussian_filter(of[..., c], sigma, mode="nearest", truncate=4.0) for c in range(3)
        ]
        return np.stack(channels, axis=2)

    pixels = np.floor(blurred(image) * 255 + 1e-4)
    size = len(pixels)
    for offsets in draws:
        for i, row in enumerate(range(size - distance, distance, -1)):
            for j, column in enumerate(range(size - distance, distance, -1)):
                down, right = offsets[i, j]
                here, there = (row, column), (row + down, column + right)
                pixels[here], pixels[there] = pixels[there].copy(), pixels[here].copy()
    return blurred(pixels / 255)


def glass_draws(rounds, distance=1):
    def draw(draws, images):
        visited = images.shape[2] - 2 * distance
        every = [draws.integers(-distance, distance, visited, visited, 2).numpy() for _ in range(rounds)]
        return np.stack(every, axis=1)

    return draw


def moved_by_magick(image, radius, sigma, angle):
    """ImageMagick's MotionBlurImage, pixel for pixel."""
    height, width = image.shape[:2]
    taps = 2 * math.ceil(radius) + 1
    kernel = [math.exp(-(i**2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma) for i in range(taps)]
    x, y = taps * math.sin(math.radians(angle)), taps * math.cos(math.radians(angle))
    across = [math.ceil(i * y / math.hypot(x, y) - 0.5) for i in range(taps)]
    down = [math.ceil(i * x / math.hypot(x, y) - 0.5) for i in range(taps)]
    out = np.zeros_like(image)
    for row in range(height):
        for column in range(width):
            for i in range(taps):
                r = min(max(row + down[i], 0), height - 1)
                c = min(max(column + across[i], 0), width - 1)
                out[row, column] += kernel[i] / sum(kernel) * image[r, c]
    return out


def zoomed(image, factor):
    """The centre of an image `(H, W, ...)`, by SciPy."""
    size = len(image)
    crop = math.ceil(size / factor)
    start = (size - crop) // 2
    factors = (factor, factor, *[1] * (image.ndim - 2))
    large = ndimage.zoom(image[start : start + crop, start : start + crop], factors, order=1)
    trim = (len(large) - size) // 2
    return large[trim : trim + size, trim : trim + size]


def mean_of_zooms(image, constants, _):
    factors = [1 + k / 100 for k in range(100) if k / 100 < constants[0] - 1 - 1e-9]
    return (image + sum(zoomed(image, factor) for factor in factors)) / (1 + len(factors))


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_defocus_blur(worst, severity, dtype):
    assert worst("defocus_blur", severity, defocused, dtype=dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_glass_blur(worst, severity):
    draw = glass_draws(rounds=1 if severity <= 3 else 2)
    assert worst("glass_blur", severity, seen_through_glass, draw) <= 1e-9
    # in float32 a value may fall on the other side of a whole level: there one of 255, and next to it less
    level = worst("glass_blur", severity, seen_through_glass, draw, torch.float32)
    assert level <= 1.01 / 255
    apart = worst(
        "glass_blur",
        severity,
        seen_through_glass,
        draw,
        torch.float32,
        of=lambda difference: (np.abs(difference) > 1e-6).mean(),
    )
    assert apart < 1e-3


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_motion_blur(worst, severity, dtype):
    def draw(draws, _):
        return draws.uniform().numpy() * 90 - 45

    def oracle(image, constants, angle):
        return moved_by_magick(image, *constants, angle)

    assert worst("motion_blur", severity, oracle, draw, dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("angle", [-180, -135, -90, -47.3, 0, 30, 45, 90, 135, 200])
def test_motion_at_any_angle(clouds, angle):
    image = clouds(4)[3:]
    found = motion_blur(image, 5, 3.0, [angle])[0].numpy().transpose(1, 2, 0)
    wanted = moved_by_magick(image[0].numpy().transpose(1, 2, 0), 5, 3.0, angle)
    assert np.abs(found - wanted).max() < 1e-12


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_zoom_blur(worst, severity, dtype):
    assert worst("zoom_blur", severity, mean_of_zooms, dtype=dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("name", ["defocus_blur", "motion_blur", "zoom_blur"])
def test_a_plain_image_stays(name):
    plain = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(2, 3, 32, 32)
    for severity in SEVERITIES:
        assert torch.allclose(corrupt(plain, name, severity), plain, atol=1e-6)


def test_glass_only_moves_pixels_where_it_does_not_blur(clouds):
    images = clouds().float()
    moved = corrupt(images, "glass_blur", 1)
    for before, after in zip(images, moved, strict=True):
        assert torch.equal(*((255 * image.flatten(1)).round().sort(1).values for image in (before, after)))
    assert not torch.equal(images[3:], moved[3:])
