"""The digital ones: `contrast`, `elastic_transform`, `pixelate`, `jpeg_compression`."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from croze.corruptions.base import Context, Kind
from croze.corruptions.filters import gaussian_filter, sample


@dataclass(frozen=True)
class Contrast(Kind):
    """(x - mean) * factor + mean, with the mean of each image's channel."""

    factor: float

    name = "contrast"
    summary = "less contrast, towards the mean of each channel"
    constants = ((0.75,), (0.5,), (0.4,), (0.3,), (0.15,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        mean = _mean(images)[..., None, None]
        return (images - mean).mul_(self.factor).add_(mean)


def _mean(images: Tensor) -> Tensor:
    """Mean over the pixels, `(N, C)`, by adding halves: in the same order whatever N is."""
    rest = images.flatten(2)
    count = rest.shape[-1]
    while (length := rest.shape[-1]) > 1:
        half = length // 2
        halved = rest[..., :half] + rest[..., half : 2 * half]
        if length % 2:
            halved[..., 0] += rest[..., -1]
        rest = halved
    return rest[..., 0] / count


TRUNCATE = 3.0
"""Where the smoothing of the displacements ends, in its sigmas."""


@dataclass(frozen=True)
class ElasticTransform(Kind):
    """A random affine map, then a smooth random displacement; all three numbers in sides of the image.

    Three points around the centre are moved by up to `corners` in either direction, and the image with them
    (linear interpolation, mirrored at the border, border pixels not repeated). Then pixels come from places
    that are displaced by `strength` times U[-1, 1] noise smoothed by a Gaussian of sigma `smoothing`
    (linear interpolation, mirrored with the border pixels repeated). OpenCV, which CIFAR-C used for the
    first step, rounds places to 1/32 pixel; here they are exact.

    On other sizes everything grows with the shorter side.
    """

    strength: float
    smoothing: float
    corners: float

    name = "elastic_transform"
    summary = "stretched and contracted in parts"
    constants = ((0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        height, width = images.shape[2:]
        side, device = min(height, width), images.device
        moves = context.draws.uniform(3, 2).mul_(2).sub_(1).mul_(self.corners * side).to(device)
        rows = torch.arange(height, dtype=torch.float64, device=device)[:, None]
        columns = torch.arange(width, dtype=torch.float64, device=device)
        turned = sample(images, *_affine(moves, rows, columns), "reflect")
        if not self.strength:
            return turned
        noise = context.draws.uniform(2, height, width).mul_(2).sub_(1).to(device)
        moved = gaussian_filter(noise, self.smoothing * side, "symmetric", TRUNCATE).mul_(
            self.strength * side
        )
        return sample(turned, rows + moved[:, 1], columns + moved[:, 0], "symmetric")


def _affine(moves: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Where pixels of the moved image come from, `(N, H, W)`, by moves to the right and down `(N, 3, 2)`."""
    height, width = len(rows), len(columns)
    reach = min(height, width) // 3
    x, y = width // 2, height // 2
    points = torch.tensor([[x + reach, y + reach], [x + reach, y - reach], [x - reach, y - reach]]).to(moves)
    moved = points + moves
    # the map that takes the moved points back: the second one is its origin, the sides to the others its axes
    origin, new_origin = points[1], moved[:, 1]
    first, second = points[0] - origin, points[2] - origin
    new_first, new_second = moved[:, 0] - new_origin, moved[:, 2] - new_origin
    area = new_first[:, 0] * new_second[:, 1] - new_first[:, 1] * new_second[:, 0]
    right, down = columns - new_origin[:, 0, None, None], rows - new_origin[:, 1, None, None]
    a, b, c, d = (v[:, None, None] for v in (*new_first.unbind(1), *new_second.unbind(1)))
    along_first = (right * d - down * c) / area[:, None, None]
    along_second = (down * a - right * b) / area[:, None, None]
    return (
        origin[1] + along_first * first[1] + along_second * second[1],
        origin[0] + along_first * first[0] + along_second * second[0],
    )


@dataclass(frozen=True)
class Pixelate(Kind):
    """Resized to int(size * share) and back with Pillow's box filter.

    A new pixel is the mean of the old ones whose centres lie within it; of none, where it is smaller than
    an old one, the one it lies in. In torch rather than by Pillow: exact where Pillow rounds to 8 bits four
    times, for all images at once, and where the images are.
    """

    share: float

    name = "pixelate"
    summary = "too few pixels"
    constants = ((0.95,), (0.9,), (0.85,), (0.75,), (0.65,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        height, width = images.shape[2:]
        small = _resized(_resized(images, int(width * self.share), -1), int(height * self.share), -2)
        return _resized(_resized(small, width, -1), height, -2)


def _resized(images: Tensor, size: int, axis: int) -> Tensor:
    windows = box_windows(images.shape[axis], size)
    total: Tensor | None = None
    most = max(last - first for first, last in windows)
    shape = (-1, 1) if axis == -2 else (-1,)
    for i in range(most):
        places = torch.tensor([min(first + i, last - 1) for first, last in windows], device=images.device)
        weights = torch.tensor([(first + i < last) / (last - first) for first, last in windows])
        term = images.index_select(axis, places).mul_(weights.to(images).view(shape))
        total = term if total is None else total.add_(term)
    assert total is not None
    return total


@lru_cache(maxsize=64)
def box_windows(old: int, new: int) -> tuple[tuple[int, int], ...]:
    """Of which old pixels, first and last plus one, each new one is the mean."""
    scale = old / new
    width = max(scale, 1.0)
    windows = []
    for i in range(new):
        centre = (i + 0.5) * scale
        near = range(max(int(centre - width / 2 + 0.5), 0), min(int(centre + width / 2 + 0.5), old))
        # centres on the border between two are told apart by rounding, as Pillow rounds
        within = [place for place in near if -0.5 < (place - centre + 0.5) * (1.0 / width) <= 0.5]
        windows.append((within[0], within[-1] + 1))
    return tuple(windows)


@dataclass(frozen=True)
class JpegCompression(Kind):
    """To JPEG at this quality and back by Pillow, with its default chroma subsampling (4:2:0).

    In 8 bits, to which the image is rounded. Pillow's libjpeg is what CIFAR-C used, and it is as fast as
    need be.
    """

    quality: int

    name = "jpeg_compression"
    summary = "what JPEG leaves out"
    constants = ((80,), (65,), (58,), (50,), (40,))

    def apply(self, images: Tensor, context: Context) -> Tensor:
        levels = (images * 255).round_().to("cpu", torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
        found, size = np.empty_like(levels), (levels.shape[2], levels.shape[1])
        for image, out in zip(levels, found, strict=True):
            file = io.BytesIO()
            Image.fromarray(image).save(file, "JPEG", quality=self.quality)
            # as by Image.open, without finding out again what is known: that takes as long as the rest
            out[...] = np.asarray(Image.frombytes("RGB", size, file.getvalue(), "jpeg", "RGB", ""))
        return torch.from_numpy(found).permute(0, 3, 1, 2).to(images).div_(255)
