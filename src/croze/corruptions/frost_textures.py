"""Textures of frost: procedural ones, or a user's own photographs."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from croze.errors import CrozeError

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


SHRINK = 0.2
"""By what CIFAR-C scales its photographs for images of 32 x 32."""
DRAWN = 5
"""So many textures CIFAR-C draws from, although it has six."""
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


class FrostTextures:
    """What `frost` takes its crops from.

    Args:
        photographs: uint8 arrays `(H, W, 3)`.
        shrink: by what they are scaled for images of 32 x 32.
        source: where they come from, for people.

    Raises:
        CrozeError: without photographs.
    """

    def __init__(
        self, photographs: list[NDArray[np.uint8]], shrink: float = SHRINK, source: str = "arrays"
    ) -> None:
        if not photographs:
            raise CrozeError(f"Frost needs one photograph at least, got none from {source}.")
        self._photographs, self._shrink, self.source = photographs, shrink, source
        self._kept: dict[tuple[float, int, int], tuple[Tensor, ...]] = {}

    @classmethod
    @lru_cache(maxsize=1)
    def procedural(cls) -> Self:
        """Five made textures, after the first five photographs of CIFAR-C; always the same ones."""
        return cls([frosted(recipe, seed) for seed, recipe in enumerate(RECIPES)], 1.0, "procedural")

    @classmethod
    def from_folder(cls, folder: str | Path, most: int = DRAWN, shrink: float = SHRINK) -> Self:
        """Photographs of frost: the first `most` images of a folder by name.

        With CIFAR-C's own six files the first five are drawn from, as there.

        Raises:
            CrozeError: when there is no such folder, it has no images, or one of them cannot be read.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise CrozeError(f"There is no folder {folder} with photographs of frost: check the path.")
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and p.is_file())[:most]
        if not files:
            raise CrozeError(f"The folder {folder} has no photographs of frost ({', '.join(ENDINGS)}).")
        return cls([_photograph(file) for file in files], shrink, str(folder))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the photographs and their scale: the same textures have the same one."""
        parts = hashlib.sha256(repr(self._shrink).encode())
        for photograph in self._photographs:
            parts.update(repr(photograph.shape).encode())
            parts.update(np.ascontiguousarray(photograph).tobytes())
        return parts.hexdigest()

    def scaled(self, scale: float, height: int, width: int) -> tuple[Tensor, ...]:
        """The textures for images of this scale (1 for 32 x 32), float32 `(3, H, W)` in [0, 1].

        They are scaled by linear interpolation without smoothing, as CIFAR-C does; at a fifth this picks
        the middle of every five pixels. One that is smaller than the images is enlarged to hold them.
        """
        key = scale, height, width
        if key not in self._kept:
            self._kept[key] = tuple(
                _scaled(photograph, scale * self._shrink, height, width) for photograph in self._photographs
            )
        return self._kept[key]


def _photograph(file: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as problem:
        raise CrozeError(f"Cannot read the photograph of frost {file} ({problem}): check the file.") from None


def _scaled(photograph: NDArray[np.uint8], factor: float, height: int, width: int) -> Tensor:
    factor = max(factor, height / photograph.shape[0], width / photograph.shape[1])
    values = photograph.astype(np.float64) / 255
    for axis, least in ((0, height), (1, width)):
        old = values.shape[axis]
        new = max(least, round(old * factor))
        places = np.clip((np.arange(new) + 0.5) / factor - 0.5, 0, old - 1)
        lower = np.floor(places + 1e-9).astype(np.int64)
        share = np.clip(places - lower, 0, 1).reshape([-1 if a == axis else 1 for a in range(3)])
        upper = np.minimum(lower + 1, old - 1)
        values = values.take(lower, axis) * (1 - share) + values.take(upper, axis) * share
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1), dtype=np.float32))
