"""Snow, frost, fog and brightness against straightforward implementations of their definitions."""

import colorsys
import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from croze.corruptions import SEVERITIES, FrostTextures, corrupt
from croze.corruptions.base import Draws
from croze.corruptions.weather import plasma

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6}


def zoomed(layer, factor):
    size = len(layer)
    crop = math.ceil(size / factor)
    start = (size - crop) // 2
    large = ndimage.zoom(layer[start : start + crop, start : start + crop], factor, order=1)
    trim = (len(large) - size) // 2
    return large[trim : trim + size, trim : trim + size]


def snowed(image, constants, chance):
    mean, deviation, zoom, threshold, radius, sigma, blend = constants
    noise, angle = chance
    flakes = zoomed(mean + deviation * noise, zoom)
    flakes = np.where(flakes < threshold, 0.0, np.minimum(flakes, 1.0))
    size, layer, total = len(flakes), np.zeros_like(flakes), 0.0
    for i in range(2 * radius + 1):
        weight = math.exp(-(i**2) / (2 * sigma**2))
        down = math.ceil(i * math.sin(math.radians(angle)) - 0.5)
        right = math.ceil(i * math.cos(math.radians(angle)) - 0.5)
        rows, columns = (np.clip(np.arange(size) + step, 0, size - 1) for step in (down, right))
        layer += weight * flakes[np.ix_(rows, columns)]
        total += weight
    layer /= total
    grey = image @ np.array([0.299, 0.587, 0.114])
    whiter = np.maximum(image, 1.5 * grey[..., None] + 0.5)
    return blend * image + (1 - blend) * whiter + (layer + np.rot90(layer, 2))[..., None]


def clouds_of(constants, noise):
    """Diamond-square point by point; indices go on at the opposite border."""
    size, heights = 32, np.zeros((32, 32))
    amplitude, step = 100.0, 32
    for level in noise:
        half = step // 2
        for i, row in enumerate(range(0, size, step)):
            for j, column in enumerate(range(0, size, step)):
                corners = [
                    heights[(row + y) % size, (column + x) % size] for y in (0, step) for x in (0, step)
                ]
                heights[row + half, column + half] = np.mean(corners) + amplitude * level[0, i, j]
        for kind, (y, x) in ((1, (0, half)), (2, (half, 0))):
            for i in range(size // step):
                for j in range(size // step):
                    row, column = i * step + y, j * step + x
                    neighbours = [
                        heights[(row + down) % size, (column + right) % size]
                        for down, right in ((-half, 0), (half, 0), (0, -half), (0, half))
                    ]
                    heights[row, column] = np.mean(neighbours) + amplitude * level[kind, i, j]
        amplitude, step = amplitude / constants[1], half
    return (heights - heights.min()) / (heights.max() - heights.min())


def fogged(image, constants, noise):
    most = image.max()
    return (image + constants[0] * clouds_of(constants, noise)[..., None]) * most / (most + constants[0])


def brighter(image, constants, _):
    out = np.empty_like(image)
    for place in np.ndindex(image.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*image[place])
        out[place] = colorsys.hsv_to_rgb(hue, saturation, min(value + constants[0], 1.0))
    return out


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_snow(worst, severity, dtype):
    def draw(draws, images):
        noise = draws.normal(1, *images.shape[2:])[:, 0].double().numpy()
        return list(zip(noise, draws.uniform().numpy() * 90 - 135, strict=True))

    assert worst("snow", severity, snowed, draw, dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_fog(worst, severity, dtype):
    def draw(draws, images):
        levels = [draws.uniform(3, 2**k, 2**k).numpy() * 2 - 1 for k in range(5)]
        return list(zip(*levels, strict=True))

    assert worst("fog", severity, fogged, draw, dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_brightness(worst, severity, dtype):
    assert worst("brightness", severity, brighter, dtype=dtype) <= TOLERANCE[dtype]


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_frost(worst, severity, dtype):
    rng = np.random.Generator(np.random.PCG64(3))
    photographs = [rng.integers(0, 256, (height, 400, 3), dtype=np.uint8) for height in (200, 310, 225)]

    def oracle(image, constants, chance):
        # at a fifth, linear interpolation hits the middle one of five pixels
        texture = photographs[int(chance[0] * 3)][2::5, 2::5] / 255
        top, left = (int(u * (side - 31)) for u, side in zip(chance[1:], texture.shape, strict=False))
        return constants[0] * image + constants[1] * texture[top : top + 32, left : left + 32]

    def draw(draws, _):
        return draws.uniform(3).numpy()

    textures = FrostTextures(photographs)
    assert worst("frost", severity, oracle, draw, dtype, textures) <= TOLERANCE[torch.float32]


def test_plasma_is_rougher_with_a_smaller_divisor():
    steps = []
    for roughness in (3, 2.5, 2, 1.75):
        clouds = plasma(64, roughness, Draws(0, "fog", 1, 0, 50))
        assert clouds.amin() == 0
        assert clouds.amax() == 1
        steps.append(clouds.diff(dim=-1).abs().mean().item())
    assert steps == sorted(steps)


def test_black_becomes_grey_in_bright_light():
    assert torch.allclose(corrupt(torch.zeros(1, 3, 32, 32), "brightness", 5), torch.tensor(0.3))


def test_snow_lies_alike_on_both_halves():
    snow = corrupt(torch.zeros(20, 3, 32, 32), "snow", 5)
    assert torch.allclose(snow, snow.flip(-2, -1), atol=1e-6)
