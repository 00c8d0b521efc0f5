"""Which images a pool is trained, validated and tested on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from croze.data import Dataset
from croze.data.cached import cached
from croze.data.sampling import spread
from croze.errors import CrozeError
from croze.training import split

HELD_OUT = 0.2
"""Share of the images that is set aside for testing where there are no test images."""

SHARED = 0.05
"""Share of the test images that may be training images too: data sets have a few twins of their own."""

Watch = Callable[[int], None]
"""Called with the number of images read so far."""


@dataclass(frozen=True, eq=False)
class Images:
    """Three disjoint sets of images, in memory."""

    training: Dataset
    validation: Dataset
    test: Dataset


def pool_images(
    dataset: Dataset,
    tests: Dataset | None,
    *,
    validation: float,
    seed: int,
    images: int | None = None,
    test_images: int | None = None,
    watch: Watch = lambda done: None,
) -> Images:
    """The images of a pool.

    Args:
        dataset: training images.
        tests: test images; None sets a fifth of `dataset` aside for them.
        validation: share of the training images that chooses the epoch to keep.
        seed: of the choice.
        images: train and validate on so many only.
        test_images: test on so many only, balanced over classes; fewer where there are not so many.
        watch: see `Watch`.

    Raises:
        CrozeError: when the two are not of the same kind or hold the same images, or there are too few.
    """
    if tests is not None and (tests.classes, tests.size) != (dataset.classes, dataset.size):
        raise CrozeError(
            f"{tests.source} has {tests.classes} classes of {tests.size} pixels, {dataset.source} has "
            f"{dataset.classes} of {dataset.size}: name the test images of the same data set."
        )
    if tests is None:
        tests = held_out(dataset, seed)
        dataset = cached(dataset, split(dataset, HELD_OUT, seed)[0])
    first, second = split(dataset, validation, seed, images)
    count = len(tests) if test_images is None else min(test_images, len(tests))
    sets = []
    before = 0
    for source, rows in ((dataset, first), (dataset, second), (tests, spread(tests, count, seed))):
        sets.append(cached(source, rows, lambda done, _, base=before: watch(base + done)))  # type: ignore[misc]
        before += len(rows)
    found = Images(*sets)
    shared = _shared(found)
    if shared > SHARED:
        raise CrozeError(
            f"{shared:.0%} of the test images are training images as well: name others, or none to set "
            "some aside."
        )
    return found


def _shared(images: Images) -> float:
    """The share of the test images that are among the training or validation images, byte for byte."""
    seen = _digests(images.training) | _digests(images.validation)
    tested = _digests(images.test)
    return len(tested & seen) / len(tested)


def _digests(dataset: Dataset) -> set[bytes]:
    return {
        hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        for start in range(0, len(dataset), 1000)
        for image in dataset.read(np.arange(start, min(start + 1000, len(dataset))))
    }


def held_out(dataset: Dataset, seed: int) -> Dataset:
    """The fifth of the images that is set aside for testing, each class in the same proportion."""
    return cached(dataset, split(dataset, HELD_OUT, seed)[1])
