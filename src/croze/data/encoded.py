"""Data sets of encoded images, of which only the wanted ones are read and decoded."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from croze.data.dataset import Dataset, Images, Indices
from croze.data.decode import decode
from croze.errors import CrozeError


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
