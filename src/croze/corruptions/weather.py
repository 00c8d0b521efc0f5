"""The weather: `snow`, `frost`, `fog`, `brightness`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from croze.corruptions.base import Context, Draws, Kind, scale_of
from croze.corruptions.blur import central_zoom, motion_blur

GREY = (0.299, 0.587, 0.114)
"""Luma of red, green and blue (ITU-R BT.601)."""


@dataclass(frozen=True)
class Snow(Kind):
    """Flakes over an image that is blended with a whiter one.

    A layer of N(mean, deviation^2) noise, its centre zoomed, values under the threshold set to 0, those
    over 1 to 1, is blurred as by ImageMagick's motion blur at an angle drawn from [-135, -45] degrees. The
    image becomes blend * x + (1 - blend) * max(x, 1.5 * grey + .5), then the layer and the layer turned by
    180 degrees are added. The layer is not rounded to 8 bits.

    On other sizes the zoom grows, but not below 1, and radius and sigma of the blur.
    """

    mean: float
    deviation: float
    zoom: float
    threshold: float
    radius: int
    sigma: float
    blend: float

    name = "snow"
    summary = "flakes, and whiter colours"
    constants = (
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    )

    def apply(self, images: Tensor, context: Context) -> Tensor:
        scale = scale_of(images)
        noise = context.draws.normal(1, *images.shape[2:]).to(images)
        angles = context.draws.uniform().mul_(90).sub_(135).tolist()
        flakes = central_zoom(noise.mul_(self.deviation).add_(self.mean), max(1.0, self.zoom * scale))
        flakes = flakes.masked_fill(flakes < self.threshold, 0.0).clamp_(0.0, 1.0)
        layer = motion_blur(flakes, max(1, round(self.radius * scale)), self.sigma * scale, angles)
        red, green, blue = images.unbind(1)
        grey = red * GREY[0] + green * GREY[1] + blue * GREY[2]
        whiter = images.maximum((grey * 1.5 + 0.5)[:, None])
        snowy = images * self.blend + whiter * (1 - self.blend)
        return snowy.add_(layer).add_(layer.flip(-2, -1))


@dataclass(frozen=True)
class Frost(Kind):
    """of_image * x + of_frost * a random crop of a random texture, see `FrostTextures`.

    On other sizes the textures are scaled with the images, so that a crop shows as much of one.
    """

    of_image: float
    of_frost: float

    name = "frost"
    summary = "ice on the lens"
    constants = ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        height, width = images.shape[2:]
        textures = context.frost.scaled(scale_of(images), height, width)
        crops = torch.empty(images.shape)
        for crop, (which, down, right) in zip(crops, context.draws.uniform(3).tolist(), strict=True):
            texture = textures[int(which * len(textures))]
            top = int(down * (texture.shape[1] - height + 1))
            left = int(right * (texture.shape[2] - width + 1))
            crop.copy_(texture[:, top : top + height, left : left + width])
        return (images * self.of_image).add_(crops.to(images).mul_(self.of_frost))


FIRST = 100.0
"""Amplitude of the first level."""


def plasma(size: int, roughness: float, draws: Draws) -> Tensor:
    """Landscapes in [0, 1], float64 `(N, size, size)`, size a power of two; they go on at opposite borders.

    Beginning with one point of height 0, each level gives the middle of every square the mean of its four
    corners, and the middle of every side the mean of its four neighbours, each plus U[-a, a]; a is 100 at
    first, and divided by the roughness from level to level. Last comes the way to [0, 1].
    """
    heights = torch.zeros(draws.count, size, size, dtype=torch.float64)
    amplitude, step = FIRST, size
    while step > 1:
        half = step // 2
        noise = draws.uniform(3, size // step, size // step).mul_(2).sub_(1).mul_(amplitude)
        corners = heights[:, ::step, ::step]
        middles = _with_next(_with_next(corners, 1), 2) / 4 + noise[:, 0]
        heights[:, half::step, half::step] = middles
        # the neighbours of a side's middle: its two ends, and the middles of the two squares beside it
        across = _with_next(corners, 2) + middles + middles.roll(1, 1)
        heights[:, ::step, half::step] = across / 4 + noise[:, 1]
        down = _with_next(corners, 1) + middles + middles.roll(1, 2)
        heights[:, half::step, ::step] = down / 4 + noise[:, 2]
        amplitude, step = amplitude / roughness, half
    heights -= heights.amin((1, 2), keepdim=True)
    return heights / heights.amax((1, 2), keepdim=True)


def _with_next(values: Tensor, axis: int) -> Tensor:
    return values + values.roll(-1, axis)


@dataclass(frozen=True)
class Fog(Kind):
    """(x + density * plasma) * M / (M + density), M the largest value of the image.

    The plasma is made on the smallest square whose side is a power of two that holds the image, and its
    upper left part is taken.
    """

    density: float
    roughness: float

    name = "fog"
    summary = "clouds over the image"
    constants = ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        height, width = images.shape[2:]
        size = 1 << (max(height, width) - 1).bit_length()
        clouds = plasma(size, self.roughness, context.draws)[:, None, :height, :width].to(images)
        most = images.amax((1, 2, 3), keepdim=True)
        return (images + clouds.mul_(self.density)).mul_(most / (most + self.density))


@dataclass(frozen=True)
class Brightness(Kind):
    """Adds a number to V in HSV, up to 1.

    V is the largest of a pixel's three values, and with H and S fixed they all grow in proportion to it.
    Black has no colour and becomes grey.
    """

    more: float

    name = "brightness"
    summary = "brighter, at the same hue and saturation"
    constants = ((0.05,), (0.1,), (0.15,), (0.2,), (0.3,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        value = images.amax(1, keepdim=True)
        brighter = (value + self.more).clamp_max_(1.0)
        return torch.where(value > 0, images * (brighter / value.clamp_min(1e-30)), brighter)
