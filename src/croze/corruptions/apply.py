"""Images corrupted: the checks, the blocks and the clipping around all corruptions."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from croze.corruptions.base import Context, Draws, Kind
from croze.corruptions.blur import DefocusBlur, GlassBlur, MotionBlur, ZoomBlur
from croze.corruptions.digital import Contrast, ElasticTransform, JpegCompression, Pixelate
from croze.corruptions.frost_textures import FrostTextures
from croze.corruptions.names import Corruption
from croze.corruptions.noise import GaussianNoise, ImpulseNoise, ShotNoise
from croze.corruptions.weather import Brightness, Fog, Frost, Snow
from croze.errors import CrozeError

KINDS: Mapping[str, type[Kind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            GaussianNoise,
            ShotNoise,
            ImpulseNoise,
            DefocusBlur,
            GlassBlur,
            MotionBlur,
            ZoomBlur,
            Snow,
            Frost,
            Fog,
            Brightness,
            Contrast,
            ElasticTransform,
            Pixelate,
            JpegCompression,
        )
    }
)
"""Every corruption by name, in CIFAR-C's order."""


SMALLEST = 8
"""Side of the smallest images that are corrupted."""
BLOCK_PIXELS = 128 * 1024
"""About so many pixels are worked on at once: what they need stays in the processor's caches."""


def corrupt(
    images: Tensor,
    name: str,
    severity: int,
    seed: int = 0,
    first: int = 0,
    frost: FrostTextures | None = None,
) -> Tensor:
    """Corrupt images as CIFAR-C does.

    What becomes of an image follows from the seed, the corruption, its severity, the image's index in its
    data set and the image, to the bit: a data set may be corrupted in batches of any size.

    Args:
        images: float `(N, 3, H, W)` in [0, 1], sides of 8 pixels at least. The constants are those for 32 x
            32; on other images lengths in pixels grow with the shorter side.
        name: out of `CORRUPTIONS`, or short: `gaussian`, `jpeg`.
        severity: 1 to 5.
        seed: of what is random.
        first: index of the first image in its data set.
        frost: the textures of frost; procedural ones without.

    Returns:
        New images of the same shape and dtype, on the same device, in [0, 1]. They are not rounded to 8
        bits, but where the definition does so: jpeg_compression, and glass_blur on the way.

    Raises:
        CrozeError: for images, a name, a severity, a seed or a first image other than these.
    """
    wanted = Corruption(name, severity)
    seed, first = _whole("seed", seed), _whole("first image", first)
    _check(images)
    if not isinstance(frost, FrostTextures | None):
        raise CrozeError(f"Frost takes FrostTextures, got {type(frost).__name__}: FrostTextures.from_folder.")
    kind = KINDS[wanted.name].at(wanted.severity)
    wide = images.detach().to(torch.promote_types(images.dtype, torch.float32))
    result = torch.empty_like(images, memory_format=torch.contiguous_format)
    block = max(1, BLOCK_PIXELS // (images.shape[2] * images.shape[3]))
    textures = frost or FrostTextures.procedural()
    for start in range(0, len(images), block):
        part = wide[start : start + block].contiguous()
        draws = Draws(seed, wanted.name, wanted.severity, first + start, len(part))
        result[start : start + block] = kind.apply(part, Context(draws, textures)).clamp(0.0, 1.0)
    return result


def _check(images: Tensor) -> None:
    if not isinstance(images, Tensor):
        raise CrozeError(f"Images to corrupt are a torch tensor, got {type(images).__name__}.")
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise CrozeError(
            "Images to corrupt are float RGB images of shape (N, 3, H, W), "
            f"got {images.dtype} of shape {tuple(images.shape)}."
        )
    if min(images.shape[2:]) < SMALLEST:
        height, width = images.shape[2:]
        raise CrozeError(
            f"Images to corrupt have sides of at least {SMALLEST} pixels, got {height} x {width}: "
            "enlarge them first."
        )
    if not len(images):
        return
    low, high = (float(v) for v in torch.aminmax(images.detach()))
    if not (low >= 0.0 and high <= 1.0):
        raise CrozeError(
            f"Images to corrupt must lie in [0, 1], got values from {low:g} to {high:g}: divide by 255, or "
            "undo the normalisation."
        )


def _whole(what: str, value: int) -> int:
    try:
        whole = operator.index(value)
    except TypeError:
        whole = -1
    if whole < 0 or isinstance(value, bool):
        raise CrozeError(f"The {what} is a whole number from 0, got {value!r}.")
    return whole
