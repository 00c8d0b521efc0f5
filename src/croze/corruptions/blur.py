"""The blurs: `defocus_blur`, `glass_blur`, `motion_blur`, `zoom_blur`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from croze.corruptions.base import Context, Draws, Kind, cut, scale_of
from croze.corruptions.filters import correlate_square, gaussian_filter, gaussian_weights, padded

LARGE = 8.0
"""A disk of a larger radius is smoothed over two pixels to each side rather than one."""


@dataclass(frozen=True)
class DefocusBlur(Kind):
    """A disk of this radius, smoothed by a Gaussian over 3 x 3 pixels, convolved with each channel.

    The disk has the pixels whose centres are within the radius, at equal weights; so below a radius of 1 it
    is one pixel, and the Gaussian does the blurring. Beyond the border the image is mirrored, the border
    pixels not repeated. On other sizes radius and smoothing grow, and so does the window of the Gaussian.
    """

    radius: float
    smoothing: float

    name = "defocus_blur"
    summary = "a lens out of focus"
    constants = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        scale = scale_of(images)
        return correlate_square(images, _disk(self.radius * scale, self.smoothing * scale, scale), "reflect")


@lru_cache(maxsize=64)
def _disk(radius: float, smoothing: float, scale: float) -> tuple[tuple[float, ...], ...]:
    window = max(1 if radius <= LARGE else 2, round(scale))
    reach = int(radius) + window
    places = np.arange(-reach, reach + 1)
    disk = (places[:, None] ** 2 + places**2 <= radius**2).astype(np.float64)
    disk /= disk.sum()
    weights = gaussian_weights(smoothing, window)
    for axis in (0, 1):
        disk = np.apply_along_axis(np.convolve, axis, disk, weights, mode="same")
    return tuple(tuple(row) for row in disk.tolist())


@dataclass(frozen=True)
class GlassBlur(Kind):
    """A Gaussian blur, to 8 bits; pixels change places with neighbours; the blur again.

    `rounds` times, from the lower right to the upper left, a pixel and the one at an offset drawn from
    {-distance, .., distance - 1} in both directions are swapped. As in CIFAR-C the pixels that are visited
    are those of the rows and columns size - distance down to distance + 1. The code that made CIFAR-C says
    swap, but its NumPy assignment goes through views, and leaves the neighbour as it was: there a pixel
    becomes a copy of its neighbour. Here they are swapped.

    The blurs repeat border pixels and end after 4 sigma, so a sigma of .05 does nothing but cut to 8 bits.
    On other sizes sigma and distance grow, the distance to a whole number of at least 1.
    """

    sigma: float
    distance: int
    rounds: int

    name = "glass_blur"
    summary = "frosted glass: neighbouring pixels swapped"
    constants = ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        scale = scale_of(images)
        sigma, distance = self.sigma * scale, max(1, round(self.distance * scale))
        height, width = images.shape[2:]
        # a level lost or won by rounding would be seen: the way to 8 bits is in float64
        levels = cut(gaussian_filter(images.double(), sigma, "edge")).div_(255).to(images)
        places = torch.from_numpy(self._places(height, width, distance, context.draws))
        index = places.to(images.device)[:, None].expand(-1, images.shape[1], -1)
        moved = levels.flatten(2).gather(2, index).view_as(images)
        return gaussian_filter(moved, sigma, "edge")

    def _places(self, height: int, width: int, distance: int, draws: Draws) -> NDArray[np.int64]:
        """Which pixel lies at each place in the end, `(N, height * width)`."""
        rows, columns = (range(size - distance, distance, -1) for size in (height, width))
        # the images last: a step reads and writes one run of memory
        places = np.repeat(np.arange(height * width)[:, None], draws.count, axis=1)
        images = np.arange(draws.count)
        for _ in range(self.rounds):
            drawn = draws.integers(-distance, distance, len(rows), len(columns), 2).numpy()
            offsets = np.ascontiguousarray((drawn[..., 0] * width + drawn[..., 1]).transpose(1, 2, 0))
            for row, of_row in zip(rows, offsets, strict=True):
                for column, offset in zip(columns, of_row, strict=True):
                    here = row * width + column
                    self._exchange(places, here, here + offset, images)
        return places.T

    def _exchange(
        self, places: NDArray[np.int64], here: int, there: NDArray[np.int64], images: NDArray[np.int64]
    ) -> None:
        """Swap a place, the same in all images, with one in each."""
        kept = places[here].copy()
        places[here] = places[there, images]
        places[there, images] = kept


def motion_blur(images: Tensor, radius: int, sigma: float, angles: Sequence[float]) -> Tensor:
    """Each image blurred along an angle of its own.

    The kernel is one half of a Gaussian: 2 * radius + 1 weights exp(-i^2 / (2 sigma^2)), i = 0, 1, .., to
    the sum 1. The i-th belongs to the pixel i steps from this one along the angle, rounded to whole pixels;
    halves are rounded down. Border pixels are repeated.

    Args:
        images: `(N, C, H, W)`.
        radius: at least 1.
        sigma: above 0.
        angles: N of them, in degrees, clockwise from the right.
    """
    count, _, height, width = images.shape
    taps = 2 * radius + 1
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(taps)]
    total = math.fsum(weights)
    reach = taps - 1
    wide = padded(padded(images, reach, "edge", axis=-2), reach, "edge", axis=-1)
    stride = width + 2 * reach
    steps = torch.tensor([_steps(angle, taps, stride) for angle in angles], device=images.device)
    rows = torch.arange(reach, reach + height, device=images.device)
    columns = torch.arange(reach, reach + width, device=images.device)
    centres = (rows[:, None] * stride + columns).flatten()
    flat = wide.flatten(2)
    blurred = torch.zeros_like(images).flatten(2)
    for i, weight in enumerate(weights):
        places = (centres + steps[:, i : i + 1])[:, None].expand(count, images.shape[1], -1)
        blurred += flat.gather(2, places).mul_(weight / total)
    return blurred.view_as(images)


def _steps(angle: float, taps: int, stride: int) -> list[int]:
    """How far from a pixel the taps lie, in an image with rows of `stride` pixels."""
    along, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return [math.ceil(i * down - 0.5) * stride + math.ceil(i * along - 0.5) for i in range(taps)]


@dataclass(frozen=True)
class MotionBlur(Kind):
    """ImageMagick's motion blur at an angle drawn from [-45, 45] degrees; not rounded to 8 bits.

    On other sizes radius and sigma grow, the radius to a whole number.
    """

    radius: int
    sigma: float

    name = "motion_blur"
    summary = "the camera moved, roughly sideways"
    constants = ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        scale = scale_of(images)
        angles = context.draws.uniform().mul_(90).sub_(45).tolist()
        return motion_blur(images, max(1, round(self.radius * scale)), self.sigma * scale, angles)


ROUNDING = 1e-9
"""What a quotient may be above a whole number and still count as that number."""


def central_zoom(images: Tensor, factor: float) -> Tensor:
    """The centre enlarged by a factor of at least 1, by linear interpolation.

    The central ceil(size / factor) pixels become round(that * factor), first on first and last on last, and
    of these the central `size` remain: as SciPy's `zoom` between two crops.
    """
    return _along(_along(images, factor, axis=-2), factor, axis=-1)


def _along(images: Tensor, factor: float, axis: int) -> Tensor:
    size = images.shape[axis]
    lower, share = positions(size, factor)
    if not any(share):
        whole = torch.tensor(lower, device=images.device)
        return images if lower == list(range(size)) else images.index_select(axis, whole)
    below = torch.tensor(lower, device=images.device)
    above = (below + 1).clamp_max_(size - 1)
    shape = (-1, 1) if axis == -2 else (-1,)
    of_above = torch.tensor(share, dtype=torch.float64).to(images).view(shape)
    of_below = torch.tensor([1 - s for s in share], dtype=torch.float64).to(images).view(shape)
    found = images.index_select(axis, below).mul_(of_below)
    return found.add_(images.index_select(axis, above).mul_(of_above))


def positions(size: int, factor: float) -> tuple[list[int], list[float]]:
    """Between which two pixels each of the new ones lies: the lower one, and the share of the upper."""
    crop = math.ceil(size / factor - ROUNDING)
    enlarged = max(size, round(crop * factor))
    start, trim = (size - crop) // 2, (enlarged - size) // 2
    step = (crop - 1) / (enlarged - 1)
    exact = [(trim + i) * step for i in range(size)]
    lower = [min(math.floor(place + ROUNDING), crop - 1) for place in exact]
    return [start + low for low in lower], [max(0.0, p - low) for p, low in zip(exact, lower, strict=True)]


@dataclass(frozen=True)
class ZoomBlur(Kind):
    """The mean of the image and of its central zooms by 1, 1.01, .. below the end.

    The end does not belong to them. In CIFAR-C's code it does at severity 1 and 2, where 1.06 and 1.11 come a
    rounding error late in NumPy's `arange`.
    """

    end: float

    name = "zoom_blur"
    summary = "the camera moved towards the scene"
    constants = ((1.06,), (1.11,), (1.16,), (1.21,), (1.26,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        factors = [1 + step / 100 for step in range(round(100 * (self.end - 1)))]
        total = images.clone()
        for factor in factors:
            total += central_zoom(images, factor)
        return total.div_(len(factors) + 1)
