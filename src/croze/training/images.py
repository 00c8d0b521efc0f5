"""The images of a training: which are set aside, and the batches of each step."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from croze.data import Dataset
from croze.data.augment import augment
from croze.data.dataset import Images, Indices
from croze.errors import CrozeError
from croze.training.recipe import Recipe


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


class Batches:
    """Training images in a new order each epoch.

    Args:
        dataset: the training images.
        recipe: its batch size, crop and flip, cutout.
        seed: of order and augmentation.
    """

    def __init__(self, dataset: Dataset, recipe: Recipe, seed: int) -> None:
        self._dataset, self._recipe, self._seed = dataset, recipe, seed
        self.size = min(recipe.batch_size, len(dataset))
        self.steps = len(dataset) // self.size
        self._order: tuple[int, np.ndarray] | None = None

    def __call__(self, epoch: int, step: int) -> tuple[Tensor, Tensor]:
        """Images `(N, C, H, W)`, float32 in [0, 1], and labels `(N,)`, both on the CPU."""
        indices = self._indices(epoch)[step * self.size : (step + 1) * self.size]
        images = self._dataset.read(indices)
        rng = np.random.Generator(np.random.PCG64([self._seed, epoch, step]))
        if self._recipe.augment:
            images = augment(images, rng)
        if self._recipe.cutout:
            images = cut_out(images, self._recipe.cutout, rng)
        labels = torch.from_numpy(self._dataset.labels[indices])
        return torch.from_numpy(images).to(torch.float32) / 255, labels

    def _indices(self, epoch: int) -> np.ndarray:
        if self._order is None or self._order[0] != epoch:
            rng = np.random.Generator(np.random.PCG64([self._seed, epoch]))
            self._order = epoch, rng.permutation(len(self._dataset))
        return self._order[1]


def cut_out(images: Images, side: int, rng: np.random.Generator) -> Images:
    """A black square at a uniform place of each image, cut at the border (DeVries & Taylor 2017).

    Args:
        images: uint8 `(N, C, H, W)`; not changed.
        side: of the square, in pixels.
    """
    count, height, width = len(images), *images.shape[2:]
    rows, columns = rng.integers(0, height, count), rng.integers(0, width, count)
    result = images.copy()
    for k in range(count):
        top, left = rows[k] - side // 2, columns[k] - side // 2
        result[k, :, max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)] = 0
    return result
