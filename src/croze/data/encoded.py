"""Data sets of encoded images (PNG, JPEG, ...), of which only the wanted ones are read and decoded."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from croze.data.dataset import Dataset, Images, Indices
from croze.data.guard import guarded
from croze.data.spec import Spec
from croze.errors import CrozeError

if TYPE_CHECKING:
    from PIL.Image import Image

# Named, because Pillow knows formats that start another program: EPS runs Ghostscript.
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "GIF", "TIFF")

LARGEST_SIZE = 4096
"""The largest side length, in pixels, that images are resized to."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Of Pillow, by number of channels."""
_GREY = ("1", "L", "LA", "La")


def decode(data: bytes, name: str, size: int | None, channels: int | None = None) -> Images:
    """The image in `data` as uint8 `(C, H, W)`.

    16-bit greyscale is scaled to 8 bits; an orientation that is noted in the metadata is not applied.

    Args:
        data: the bytes of a PNG, JPEG, BMP, WebP, PPM, GIF (first frame) or TIFF file.
        name: which image it is, for the error: "the image 'cat.png'".
        size: scale the shorter side to `size` pixels (bilinear, antialiased) and cut out the centre
            `size` x `size`; None to keep the image as it is.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA); None for 1 of a greyscale file and 3 of others.

    Raises:
        CrozeError: naming the image, when it is damaged or no image.
    """
    from PIL import Image

    with (
        guarded(f"Cannot decode {name}, replace it or remove it"),
        Image.open(io.BytesIO(data), formats=_FORMATS) as opened,
    ):
        image = _converted(opened, name, channels)
        if size is not None:
            # Pixels beyond the central square never count, so they are not computed: a panorama of
            # 10 x 100,000 pixels would grow into gigabytes.
            side = min(image.size)
            left, top = (image.width - side) / 2, (image.height - side) / 2
            box = (left, top, left + side, top + side)
            image = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
        return _array(image)


def pixels_of(image: Image) -> Images:
    """A Pillow image as uint8 `(C, H, W)`: greyscale has one channel, RGBA four, all others three."""
    return _array(image if image.mode == "RGBA" else _converted(image, "the image", None))


def _array(image: Image) -> Images:
    pixels = np.asarray(image)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels[None])


def _converted(image: Image, name: str, channels: int | None) -> Image:
    from PIL import Image

    if image.mode == "F":
        raise CrozeError(f"Pixels must have 8 or 16 bits, {name} has floating-point pixels: convert it.")
    if image.mode.startswith("I"):
        # Pillow's own conversion clips 16-bit pixels at 255, which leaves a white image.
        pixels = np.asarray(image).astype(np.int64)
        if pixels.min() < 0 or pixels.max() > 65535:
            raise CrozeError(f"Pixels must have 8 or 16 bits, {name} has 32 bits: convert it.")
        image = Image.fromarray(((pixels + 128) // 257).astype(np.uint8))
    mode = MODES[channels or (1 if image.mode in _GREY else 3)]
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert(mode)


def channels_of(spec: Spec) -> int | None:
    """The option `channels` of a reader of encoded images; None where it is not given."""
    return int(spec.choice("channels", tuple(map(str, MODES)))) if "channels" in spec.options else None


class EncodedDataset(Dataset):
    """A reader of encoded images writes only `_encoded`.

    Args:
        source, labels, classes, class_names, notes: as in `Dataset`; the normalisation is measured.
        resize: side length that every image is brought to (see `decode`); None when they have one size.
        channels: of every image, as `decode`; None for 1 where the first one is a greyscale file, else 3.
    """

    def __init__(
        self,
        source: str,
        labels: Any,
        classes: int | None,
        resize: int | None,
        channels: int | None = None,
        class_names: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(source, labels, classes, class_names=class_names, notes=notes)
        self._resize, self._channels = resize, channels

    @cached_property
    def _grey(self) -> bool:
        """Whether the first image is a greyscale file."""
        _, name, data = next(iter(self._encoded(np.zeros(1, dtype=np.int64))))
        return len(decode(data, name, 1)) == 1

    @abstractmethod
    def _encoded(self, indices: Indices) -> Iterator[tuple[int, str, bytes]]:
        """For each position in `indices`, in any order: the position, a name as in `decode`, the bytes."""

    def _read(self, indices: Indices) -> Images:
        if self._channels is None and not self._grey:
            self._channels = 3
        images: Images | None = None
        first = ""
        for position, name, data in self._encoded(indices):
            image = decode(data, name, self._resize, self._channels)
            if images is None:
                first, images = name, np.empty((len(indices), *image.shape), dtype=np.uint8)
            if len(image) != images.shape[1]:
                raise CrozeError(
                    f"{self.source} has greyscale images and coloured ones, such as {name}: add the option "
                    "channels=3, or channels=1."
                )
            if image.shape != images.shape[1:]:
                raise CrozeError(
                    f"The images of {self.source} differ in size: {first} has {_extent(images)} pixels, "
                    f"{name} has {_extent(image)}; bring them to one size with an option such as size=32."
                )
            images[position] = image
        assert images is not None
        return images


def _extent(images: Images) -> str:
    return f"{images.shape[-1]}x{images.shape[-2]}"
