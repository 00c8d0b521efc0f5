"""A data set whose images are read once and kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from croze.data.dataset import ArrayDataset, Dataset, Images, Indices, View
from croze.data.normalisation import Normalisation
from croze.errors import CrozeError

MOST_BYTES = 4 << 30
"""Up to this size images are kept in memory."""
_CHUNK = 1000


def cached(
    dataset: Dataset, indices: Indices | None = None, watch: Callable[[int, int], None] | None = None
) -> Dataset:
    """The data set, or the images at `indices`, in memory with the same labels and normalisation.

    Where they do not fit into 4 GiB, they are read whenever they are asked for.

    Args:
        dataset: read once from front to back.
        indices: distinct ones; all without.
        watch: called with how many of how many images are read.

    Raises:
        CrozeError: when an image cannot be read, or there is none.
    """
    chosen = np.arange(len(dataset), dtype=np.int64) if indices is None else np.asarray(indices)
    if not len(chosen):
        raise CrozeError(f"None of the images of {dataset.source} was asked for: ask for one at least.")
    if len(chosen) * int(np.prod(dataset.size)) > MOST_BYTES:
        return dataset if indices is None else View(dataset, chosen)
    images: Images = np.empty((len(chosen), *dataset.size), dtype=np.uint8)
    for start in range(0, len(chosen), _CHUNK):
        rows = chosen[start : start + _CHUNK]
        images[start : start + len(rows)] = dataset.read(rows)
        if watch is not None:
            watch(start + len(rows), len(chosen))
    normalisation = Normalisation(dataset.mean, dataset.std)
    return ArrayDataset(
        images, dataset.labels[chosen], dataset.classes, normalisation, dataset.source,
        dataset.class_names, dataset.notes,
    )  # fmt: skip
