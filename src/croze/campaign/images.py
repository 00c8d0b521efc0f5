"""Which images a pool is trained, validated and tested on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from croze.data import Dataset
from croze.data.cached import cached
from croze.data.sampling import spread
from croze.errors import CrozeError
from croze.training import split

HELD_OUT = 0.2
"""Share of the images that is set aside for testing where there are no test images."""

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
        CrozeError: when the two are not of the same kind, or there are too few images.
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
    return Images(*sets)


def held_out(dataset: Dataset, seed: int) -> Dataset:
    """The fifth of the images that is set aside for testing, each class in the same proportion."""
    return cached(dataset, split(dataset, HELD_OUT, seed)[1])
