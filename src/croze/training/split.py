"""Which images a network is trained on, and which choose the epoch to keep."""

from __future__ import annotations

import numpy as np

from croze.data import Dataset
from croze.data.dataset import Indices
from croze.errors import CrozeError


def split(dataset: Dataset, share: float, seed: int, images: int | None = None) -> tuple[Indices, Indices]:
    """Training and validation images: disjoint, each class in either in the same proportion, from the seed.

    Args:
        dataset: only its labels are looked at.
        share: of the validation images, above 0 and below 1.
        images: how many images there are to be in both together; all without.

    Returns:
        Ascending indices of the training and of the validation images; the latter has at least one image of
        every class that has two.

    Raises:
        CrozeError: when `images` is more than there are, or either part would be empty.
    """
    if images is not None and not 2 <= images <= len(dataset):
        raise CrozeError(
            f"Cannot train on {images} images of {dataset.source}, which has {len(dataset)}: "
            "name at least 2 and at most all of them."
        )
    rng = np.random.Generator(np.random.PCG64(seed))
    keep = 1.0 if images is None else images / len(dataset)
    training: list[Indices] = []
    validation: list[Indices] = []
    for label in np.unique(dataset.labels):
        members = rng.permutation(np.flatnonzero(dataset.labels == label))
        members = members[: max(1, round(len(members) * keep))]
        aside = min(max(1, round(len(members) * share)), len(members) - 1)
        validation.append(members[:aside])
        training.append(members[aside:])
    first, second = (np.sort(np.concatenate(part)) for part in (training, validation))
    if not len(first) or not len(second):
        raise CrozeError(f"{dataset.source} has too few images to set some aside: give two of a class.")
    return first, second
