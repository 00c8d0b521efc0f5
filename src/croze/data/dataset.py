"""The data set that every reader returns: labels at hand, images when they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.data.labels import count_classes, integer_labels
from croze.data.normalisation import Normalisation, measure
from croze.errors import CrozeError

Images = NDArray[np.uint8]
Indices = NDArray[np.int64]

MEASURED_IMAGES = 1024
"""How many images an unknown normalisation is measured over, at most."""
_CHUNK_BYTES = 1 << 26


class Dataset(ABC):
    """Labelled images that are read on demand. A reader writes only `_read`.

    Args:
        source: the spec as given, or another name for provenance and errors.
        labels: `(N,)` whole numbers in `0 .. classes - 1`.
        classes: number of classes; None for the highest label + 1.
        normalisation: the known one; None to measure it when it is first asked for, over at most
            1024 evenly spaced images.
        class_names: of the classes in their order; empty where the data have none.
        notes: sentences on what was not read, such as files without a label.

    Attributes:
        source, class_names, notes: as given.
        labels: int64 array `(N,)`, read-only.
        classes: number of classes.

    Raises:
        CrozeError: when there are no images, or a label is no whole number or out of range.
    """

    def __init__(
        self,
        source: str,
        labels: Any,
        classes: int | None = None,
        normalisation: Normalisation | None = None,
        class_names: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self.source, self.class_names, self.notes = source, tuple(class_names), tuple(notes)
        self.labels: Indices = integer_labels(labels, source)
        self.labels.setflags(write=False)
        self.classes = count_classes(self.labels, classes, source)
        self._known = normalisation

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def size(self) -> tuple[int, int, int]:
        """`(C, H, W)` of the images; a data set that has to look reads its first image.

        Raises:
            CrozeError: when the first image cannot be read.
        """
        _, channels, height, width = self._read(np.zeros(1, dtype=np.int64)).shape
        return channels, height, width

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean per channel in pixel space, known or measured; raises CrozeError like `read`."""
        return self._normalisation.mean

    @property
    def std(self) -> tuple[float, ...]:
        """Standard deviation per channel in pixel space, known or measured; raises CrozeError like `read`."""
        return self._normalisation.std

    def read(self, indices: Sequence[int] | NDArray[np.integer[Any]]) -> Images:
        """The images at `indices` (each in `0 .. N - 1`, repeats allowed) as a fresh uint8 `(n, C, H, W)`.

        Raises:
            CrozeError: when an index is no whole number or out of range, an image cannot be read, or the
                images differ in size.
        """
        wanted = np.asarray(indices)
        if not wanted.size:
            return np.empty((0, *self.size), dtype=np.uint8)
        if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
            raise CrozeError(
                f"Images are read by a list of whole numbers, got {wanted.dtype} of shape {wanted.shape}."
            )
        outside = wanted[(wanted < 0) | (wanted >= len(self))]
        if outside.size:
            raise CrozeError(
                f"{self.source} has the images 0..{len(self) - 1}, but image {int(outside[0])} was asked for."
            )
        return self._read(wanted.astype(np.int64))

    @abstractmethod
    def _read(self, indices: Indices) -> Images:
        """`read` for at least one index, all of them valid."""

    @cached_property
    def _normalisation(self) -> Normalisation:
        return self._known or measure(self._measured_chunks())

    def _measured_indices(self) -> Indices:
        """The images the normalisation is measured over, in ascending order."""
        return evenly_spaced(len(self), MEASURED_IMAGES)

    def _measured_chunks(self) -> Iterator[Images]:
        indices = self._measured_indices()
        channels, height, width = self.size
        step = max(1, _CHUNK_BYTES // (channels * height * width))
        for start in range(0, len(indices), step):
            yield self._read(indices[start : start + step])


class ArrayDataset(Dataset):
    """Images that are in memory already.

    Args:
        images: uint8 array `(N, C, H, W)`, C = 3 for RGB; kept, not copied.
        labels: `(N,)` whole numbers in `0 .. classes - 1`.
        classes: number of classes; None for the highest label + 1.
        normalisation: None to measure it.
        source: a name for provenance and errors.
        class_names, notes: as of `Dataset`.

    Raises:
        CrozeError: on another shape or type, on labels as in `Dataset`, or when the lengths differ.
    """

    def __init__(
        self,
        images: Images,
        labels: Any,
        classes: int | None = None,
        normalisation: Normalisation | None = None,
        source: str = "arrays",
        class_names: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(source, labels, classes, normalisation, class_names, notes)
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            kind = images.dtype if isinstance(images, np.ndarray) else type(images).__name__
            raise CrozeError(f"Images of {source} must be a uint8 array with values 0..255, got {kind}.")
        if images.ndim != 4 or 0 in images.shape:
            raise CrozeError(f"Images of {source} must have shape (N, C, H, W), got {images.shape}.")
        if len(images) != len(self):
            raise CrozeError(
                f"{source} has {len(images)} images and {len(self)} labels: give one label per image."
            )
        self._images = images

    def _read(self, indices: Indices) -> Images:
        return self._images[indices]


class View(Dataset):
    """Images of a data set under other labels, or some of them, read when they are asked for.

    Args:
        whole: where the images come from.
        indices: the images, in order; all without.
        labels, classes, class_names: in place of those of the images.
        channels: to repeat images of one channel to; None to leave them as they are.
    """

    def __init__(
        self,
        whole: Dataset,
        indices: Indices | None = None,
        *,
        labels: Indices | None = None,
        classes: int | None = None,
        class_names: Sequence[str] | None = None,
        channels: int | None = None,
    ) -> None:
        repeats = 1 if channels is None else channels
        super().__init__(
            whole.source,
            (whole.labels if indices is None else whole.labels[indices]) if labels is None else labels,
            whole.classes if classes is None else classes,
            Normalisation(whole.mean * repeats, whole.std * repeats),
            whole.class_names if class_names is None else class_names,
            whole.notes,
        )
        self._whole, self._indices, self._repeats = whole, indices, repeats

    def _read(self, indices: Indices) -> Images:
        images = self._whole.read(indices if self._indices is None else self._indices[indices])
        return images if self._repeats == 1 else np.repeat(images, self._repeats, axis=1)


def in_channels(dataset: Dataset, channels: int | None) -> Dataset:
    """The data set with grey images repeated to so many channels; coloured ones stay as they are."""
    if channels in (None, 1) or dataset.size[0] != 1:
        return dataset
    return View(dataset, channels=channels)


def in_classes(dataset: Dataset, classes: int, names: Sequence[str] = ()) -> Dataset:
    """The data set with labels as a network numbers its classes: matched by name where both have names.

    Classes without images are allowed.

    Args:
        dataset: the images.
        classes: number of the network's classes.
        names: of these; empty where they are not known.

    Raises:
        CrozeError: naming the classes that the network has not.
    """
    own = dataset.class_names
    if names and own:
        unknown = [own[label] for label in np.unique(dataset.labels) if own[label] not in names]
        if unknown:
            raise CrozeError(
                f"{dataset.source} has images of {', '.join(unknown[:5])}, which are no classes of the "
                f"network: it has {', '.join(names[:10])}{', ...' if len(names) > 10 else ''}."
            )
        if own == tuple(names):
            return dataset
        place = {name: label for label, name in enumerate(names)}
        numbers = np.array([place.get(name, -1) for name in own], dtype=np.int64)
        return View(dataset, labels=numbers[dataset.labels], classes=classes, class_names=names)
    if dataset.classes < classes:
        return View(dataset, classes=classes, class_names=names)
    return dataset


def evenly_spaced(length: int, most: int) -> Indices:
    """At most `most` indices spread evenly over `0 .. length - 1`, ascending, beginning with 0."""
    count = min(length, most)
    return np.arange(count, dtype=np.int64) * length // count
