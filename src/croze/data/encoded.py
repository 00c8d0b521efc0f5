"""Data sets of encoded images (PNG, JPEG, ...), of which only the wanted ones are read and decoded."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from croze.data.dataset import Dataset, Images, Indices
from croze.data.guard import guarded
from croze.errors import CrozeError

if TYPE_CHECKING:
    from PIL.Image import Image

# Named, because Pillow knows formats that start another program: EPS runs Ghostscript.
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "GIF", "TIFF")

LARGEST_SIZE = 4096
"""The largest side length, in pixels, that images are resized to."""


def decode(data: bytes, name: str, size: int | None) -> Images:
    """The image in `data` as uint8 `(3, H, W)`.

    Greyscale is repeated, 16-bit greyscale is scaled to 8 bits, transparency is dropped; an orientation
    that is noted in the metadata is not applied.

    Args:
        data: the bytes of a PNG, JPEG, BMP, WebP, PPM, GIF (first frame) or TIFF file.
        name: which image it is, for the error: "the image 'cat.png'".
        size: scale the shorter side to `size` pixels (bilinear, antialiased) and cut out the centre
            `size` x `size`; None to keep the image as it is.

    Raises:
        CrozeError: naming the image, when it is damaged or no image.
    """
    from PIL import Image

    with (
        guarded(f"Cannot decode {name}, replace it or remove it"),
        Image.open(io.BytesIO(data), formats=_FORMATS) as opened,
    ):
        image = _rgb(opened, name)
        if size is not None:
            # Pixels beyond the central square never count, so they are not computed: a panorama of
            # 10 x 100,000 pixels would grow into gigabytes.
            side = min(image.size)
            left, top = (image.width - side) / 2, (image.height - side) / 2
            box = (left, top, left + side, top + side)
            image = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
        return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def _rgb(image: Image, name: str) -> Image:
    from PIL import Image

    if image.mode == "F":
        raise CrozeError(f"Pixels must have 8 or 16 bits, {name} has floating-point pixels: convert it.")
    if image.mode.startswith("I"):
        # Pillow's own conversion clips 16-bit pixels at 255, which leaves a white image.
        pixels = np.asarray(image).astype(np.int64)
        if pixels.min() < 0 or pixels.max() > 65535:
            raise CrozeError(f"Pixels must have 8 or 16 bits, {name} has 32 bits: convert it.")
        return Image.fromarray(((pixels + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA").convert("RGB")
    return image.convert("RGB")


class EncodedDataset(Dataset):
    """A reader of encoded images writes only `_encoded`.

    Args:
        source, labels, classes: as in `Dataset`; the normalisation is measured.
        resize: side length that every image is brought to (see `decode`); None when they have one size.
    """

    def __init__(self, source: str, labels: Any, classes: int | None, resize: int | None) -> None:
        super().__init__(source, labels, classes)
        self._resize = resize
        if resize is not None:
            self.size = (3, resize, resize)

    @abstractmethod
    def _encoded(self, indices: Indices) -> Iterator[tuple[int, str, bytes]]:
        """For each position in `indices`, in any order: the position, a name as in `decode`, the bytes."""

    def _read(self, indices: Indices) -> Images:
        images: Images | None = None
        first = ""
        for position, name, data in self._encoded(indices):
            image = decode(data, name, self._resize)
            if images is None:
                first, images = name, np.empty((len(indices), *image.shape), dtype=np.uint8)
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
