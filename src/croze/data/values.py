"""Data that a Python user has at hand: a torch Dataset, a pair of tensors, a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from croze.data.dataset import ArrayDataset, Dataset, Images, Indices
from croze.data.encoded import pixels_of
from croze.data.guard import guarded
from croze.data.labels import integer_labels
from croze.data.normalisation import Normalisation
from croze.errors import CrozeError
from croze.types import ROUNDING, Batch

DataLike = str | Dataset | Batch | torch.utils.data.Dataset[Any] | tuple[Any, Any]
"""What stands for a data set: a spec such as `cifar10:PATH`, a croze data set or batch, a torch `Dataset` of
(image, label) items, or a pair of tensors or arrays, images `(N, C, H, W)` and labels `(N,)`."""

WAYS = (
    "a spec such as 'cifar10:PATH', a torch Dataset of (image, label) items, a pair of tensors "
    "(images, labels), or a croze Batch"
)


def dataset_of(data: object) -> Dataset:
    """The data set that a value is; images that are floats are rounded to 8 bits, as image files hold them.

    Args:
        data: everything of `DataLike` but a spec. A torch `Dataset` is map-style and gives PIL images (grey,
            RGBA, others as RGB) or tensors `(C, H, W)`; it is read when images are asked for, and once from
            front to back for its labels where it has no `targets`. Tensors are uint8, or floats in [0, 1].

    Raises:
        CrozeError: for another type, shape or range.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, Batch):
        known = Normalisation(data.mean, data.std)
        pixels = _stacked(data.images, "the batch")
        return ArrayDataset(pixels, data.labels.cpu().numpy(), data.classes, known, data.source or "a batch")
    if isinstance(data, tuple | list) and len(data) == 2 and _is_array(data[0]):
        images, labels = (torch.as_tensor(part) for part in data)
        name = f"{len(images):,} images given as tensors"
        return ArrayDataset(_stacked(images, name), labels.cpu().numpy(), source=name)
    if isinstance(data, Tensor | np.ndarray):
        raise CrozeError("Images alone are no data: give a pair of tensors, (images, labels).")
    if not (hasattr(data, "__getitem__") and hasattr(data, "__len__")):
        raise CrozeError(f"Data is {WAYS}; got a {type(data).__name__}.")
    return TorchDataset(data)


class TorchDataset(Dataset):
    """A map-style data set of (image, label) items, each read when it is asked for.

    Args:
        items: with a length; item k is a PIL image or a tensor `(C, H, W)`, and a whole number.

    Raises:
        CrozeError: when it is empty, or an item cannot be read or is something else.
    """

    def __init__(self, items: Any) -> None:
        name = f"{type(items).__name__} of {len(items):,} images"
        self._items, self._name = items, name
        targets = getattr(items, "targets", None)
        if targets is None or len(targets) != len(items) or getattr(items, "target_transform", None):
            targets = [self._item(k)[1] for k in range(len(items))]
        super().__init__(name, integer_labels([_whole(label) for label in targets], name))

    def _read(self, indices: Indices) -> Images:
        images = [_pixels(self._item(k)[0], f"Item {k} of {self._name}") for k in indices.tolist()]
        shapes = {image.shape for image in images}
        if len(shapes) > 1:
            raise CrozeError(f"The images of {self._name} differ in size: resize them in its transform.")
        return np.stack(images)

    def _item(self, index: int) -> tuple[Any, Any]:
        with guarded(f"Cannot read item {index} of {self._name}"):
            item = self._items[index]
        if not isinstance(item, Sequence) or len(item) != 2:
            raise CrozeError(
                f"Item {index} of {self._name} must be a pair (image, label): got {_kind(item)}."
            )
        return item[0], item[1]


def _pixels(image: Any, name: str) -> Images:
    """One image as uint8 `(C, H, W)`."""
    if not _is_array(image) and hasattr(image, "convert"):  # PIL
        with guarded(f"{name} cannot be read"):
            pixels: Images = pixels_of(image)
            return pixels
    if not _is_array(image) or image.ndim != 3:
        raise CrozeError(f"{name} must be a PIL image or a tensor of shape (C, H, W): got {_kind(image)}.")
    alone: Images = _stacked(torch.as_tensor(image)[None], name)[0]
    return alone


def eight_bit(images: Any, name: str) -> Images:
    """Images as uint8: they are so, or floats in [0, 1], of which rounding errors are clamped.

    Args:
        images: a NumPy array.
        name: what they are, for the error.

    Raises:
        CrozeError: for another type or range.
    """
    if images.dtype == np.uint8:
        found: Images = images
        return found
    if images.dtype.kind != "f":
        raise CrozeError(f"{name} must be uint8 0..255 or floats in [0, 1], got {images.dtype}.")
    # The comparison is written so that NaN fails it.
    if images.size and not (images.min() >= -ROUNDING and images.max() <= 1 + ROUNDING):
        raise CrozeError(
            f"{name} must lie in [0, 1] as floats, got values from {images.min():.3g} to {images.max():.3g}: "
            "divide by 255, or leave out the normalisation."
        )
    rounded: Images = np.rint(np.clip(images, 0, 1) * 255.0).astype(np.uint8)
    return rounded


def _stacked(images: Tensor, name: str) -> Images:
    if images.ndim != 4 or not (images.dtype == torch.uint8 or images.is_floating_point()):
        raise CrozeError(f"Images are uint8 or floats of shape (N, C, H, W): {name} has {_kind(images)}.")
    images = images.detach().cpu()
    return eight_bit((images.double() if images.is_floating_point() else images).numpy(), name)


def _whole(label: Any) -> Any:
    """A label without the tensor or array round it."""
    return label.item() if _is_array(label) and label.ndim == 0 else label


def _is_array(value: object) -> bool:
    return isinstance(value, Tensor | np.ndarray)


def _kind(value: Any) -> str:
    return f"{value.dtype} of shape {tuple(value.shape)}" if _is_array(value) else f"a {type(value).__name__}"
