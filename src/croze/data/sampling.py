"""Draws a batch from a data set: balanced over the classes or at random, always from a seed."""

from __future__ import annotations

import operator

import numpy as np
import torch

from croze.data.augment import augment as augmented
from croze.data.dataset import Dataset, Indices
from croze.errors import CrozeError
from croze.types import Batch

SAMPLINGS = ("balanced", "random")


def draw(
    dataset: Dataset, size: int = 8, seed: int = 0, sampling: str = "balanced", augment: bool = False
) -> Batch:
    """A batch of `size` distinct images; the same arguments give the same batch.

    Args:
        dataset: where the images come from; only those that are drawn are read, and those over which
            its normalisation is measured.
        size: number of images, at least 1.
        seed: at least 0; the global random generators are neither read nor changed.
        sampling: "balanced" takes equally many of every class that has images; when `size` is not a
            multiple, chance picks the classes that give one more. "random" takes any images.
        augment: pad, crop and flip the images (see `croze.data.augment`); the same images are drawn
            with and without it.

    Returns:
        A batch with float32 images `(size, 3, H, W)` in [0, 1], in random order.

    Raises:
        CrozeError: when there are too few images, in all or in a class; on a size, seed or sampling out
            of range; and as `Dataset.read`.
    """
    size, seed = _whole("size", size, 1), _whole("seed", seed, 0)
    if size > len(dataset):
        raise CrozeError(
            f"A batch of {size} images cannot be drawn from the {len(dataset)} of {dataset.source}: "
            "ask for a smaller size."
        )
    rng = np.random.Generator(np.random.PCG64(seed))
    if sampling == "balanced":
        indices = _balanced(dataset, size, rng)
    elif sampling == "random":
        indices = rng.choice(len(dataset), size, replace=False)
    else:
        raise CrozeError(f"Unknown sampling '{sampling}', expected one of {', '.join(SAMPLINGS)}.")
    images = dataset.read(indices)
    if augment:
        images = augmented(images, rng)
    return Batch(
        images=torch.from_numpy(images).to(torch.float32) / 255,
        labels=torch.from_numpy(dataset.labels[indices]),
        classes=dataset.classes,
        mean=dataset.mean,
        std=dataset.std,
        source=dataset.source,
    )


def spread(dataset: Dataset, count: int | None = None, seed: int = 0) -> Indices:
    """Some images in an order in which every beginning is nearly balanced: classes take turns.

    Args:
        count: how many; all without.
        seed: at least 0; the same gives the same images, and more of them the same ones first.

    Raises:
        CrozeError: when there are not as many.
    """
    if count is not None and not 1 <= count <= len(dataset):
        raise CrozeError(
            f"{dataset.source} has {len(dataset)} images, {count} cannot be chosen: ask for fewer of them."
        )
    rng = np.random.Generator(np.random.PCG64(_whole("seed", seed, 0)))
    order = rng.permutation(len(dataset))
    turn = np.empty(len(dataset), dtype=np.int64)
    for label in np.unique(dataset.labels):
        members = order[dataset.labels[order] == label]
        turn[members] = np.arange(len(members))
    # stable: within a turn the images stay in their random order
    return order[np.argsort(turn[order], kind="stable")][:count]


def _balanced(dataset: Dataset, size: int, rng: np.random.Generator) -> Indices:
    present, counts = np.unique(dataset.labels, return_counts=True)
    share, rest = divmod(size, len(present))
    enough = np.flatnonzero(counts > share)
    if counts.min() < share or len(enough) < rest:
        scarce = int(counts.argmin())
        raise CrozeError(
            f"A balanced batch of {size} images needs about {size / len(present):.3g} of each of the "
            f"{len(present)} classes, but class {int(present[scarce])} of {dataset.source} has "
            f"{int(counts[scarce])}: ask for a smaller size or for sampling 'random'."
        )
    takes = np.full(len(present), share)
    takes[rng.choice(enough, rest, replace=False)] += 1
    members = np.split(np.argsort(dataset.labels, kind="stable"), np.cumsum(counts)[:-1])
    chosen = [rng.choice(members[k], takes[k], replace=False) for k in np.flatnonzero(takes)]
    return rng.permutation(np.concatenate(chosen))


def _whole(name: str, value: int, least: int) -> int:
    try:
        whole = operator.index(value)
    except TypeError:
        whole = least - 1
    if whole < least or isinstance(value, bool):
        raise CrozeError(f"The {name} of a draw must be a whole number of at least {least}, got {value!r}.")
    return whole
