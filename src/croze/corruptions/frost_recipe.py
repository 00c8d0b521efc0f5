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
        grain: share of the variance that lies in single pixels; what is left lies in the needles.
        glint: how much wider bright values spread than dark ones; below 0 the other way round.
    """

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    needle: float
    cloud: float
    cover: float
    grain: float
    glint: float


RECIPES = (
    Recipe((0.304, 0.584, 0.650), (0.105, 0.064, 0.060), 3.0, 20.0, 0.62, 0.22, 0.15),
    Recipe((0.787, 0.805, 0.841), (0.084, 0.087, 0.089), 2.0, 36.0, 0.46, 0.26, -0.40),
    Recipe((0.787, 0.805, 0.841), (0.084, 0.087, 0.089), 2.5, 36.0, 0.46, 0.26, -0.40),
    Recipe((0.541, 0.601, 0.649), (0.114, 0.114, 0.119), 2.0, 20.0, 0.40, 0.42, 0.10),
    Recipe((0.440, 0.483, 0.528), (0.174, 0.169, 0.163), 2.5, 36.0, 0.38, 0.22, 0.15),
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
    grain = generator.standard_normal(needles.shape)
    of_needles = 1 - recipe.cover - recipe.grain
    cover = math.sqrt(recipe.cover) * clouds + math.sqrt(recipe.grain) * grain
    cover = cover + math.sqrt(of_needles) * needles
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
