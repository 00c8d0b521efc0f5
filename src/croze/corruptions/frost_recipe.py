"""Frost made from noise: needles of ice over clouds of thicker and thinner cover."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 160
"""Of a texture, in pixels of images of 32 x 32."""
DIRECTIONS = 6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """How a texture comes out.

    Attributes:
        mean, deviation: of red, green and blue over the texture.
        needle: length of the needles, in pixels.
        cloud: size of the clouds, in pixels.
        cover: share of the variance that lies in the clouds.
        glint: how much brighter values spread wider than darker ones; 0 for alike.
    """

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    needle: float
    cloud: float
    cover: float
    glint: float


RECIPES = (
    Recipe((0.30, 0.58, 0.65), (0.105, 0.064, 0.060), 4.0, 12.0, 0.60, 0.1),
    Recipe((0.79, 0.80, 0.84), (0.084, 0.087, 0.089), 3.0, 24.0, 0.45, -0.2),
    Recipe((0.79, 0.80, 0.84), (0.084, 0.087, 0.089), 4.0, 24.0, 0.45, -0.2),
    Recipe((0.54, 0.60, 0.65), (0.114, 0.114, 0.119), 2.5, 14.0, 0.38, 0.3),
    Recipe((0.44, 0.48, 0.53), (0.174, 0.169, 0.163), 3.0, 30.0, 0.42, 0.3),
)
"""After the first five photographs of CIFAR-C, of which the second and the third are the same."""


def frosted(recipe: Recipe, seed: int) -> NDArray[np.uint8]:
    """A texture that goes on at the opposite border, uint8 `(SIDE, SIDE, 3)`."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    across = np.fft.fftfreq(SIDE)
    down, along = np.meshgrid(across, across, indexing="ij")
    clouds = _filtered(generator, np.exp(-2 * (math.pi * recipe.cloud / 2) ** 2 * (down**2 + along**2)))
    needles = np.full((SIDE, SIDE), -np.inf)
    for direction in range(DIRECTIONS):
        angle = math.pi * direction / DIRECTIONS
        length = along * math.cos(angle) + down * math.sin(angle)
        breadth = down * math.cos(angle) - along * math.sin(angle)
        shape = np.exp(-2 * math.pi**2 * ((recipe.needle * length) ** 2 + (0.45 * breadth) ** 2))
        # the brightest needle of all directions is seen
        needles = np.maximum(needles, _filtered(generator, shape))
    needles = _standard(needles)
    cover = math.sqrt(recipe.cover) * clouds + math.sqrt(1 - recipe.cover) * needles
    cover = _standard(cover + recipe.glint * cover**2 / 2)
    colours: Floats = np.array(recipe.mean) + np.array(recipe.deviation) * cover[..., None]
    texture: NDArray[np.uint8] = np.rint(colours.clip(0, 1) * 255).astype(np.uint8)
    return texture


def _filtered(generator: np.random.Generator, spectrum: Floats) -> Floats:
    noise = np.fft.fft2(generator.standard_normal(spectrum.shape))
    return _standard(np.fft.ifft2(noise * spectrum).real)


def _standard(values: Floats) -> Floats:
    standard: Floats = (values - values.mean()) / values.std()
    return standard
