"""The test images of a data set that has training and test images."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from croze.data.spec import Spec, parse_spec

WITH_SPLITS = ("cifar10", "cifar100", "imagenet16-120")
"""Readers of such data sets; without an option `split` they read the training images."""

Data = TypeVar("Data")


def in_split(data: Data, split: str | None = None) -> Data:
    """The spec with its split, where the data set has several and the spec does not name one.

    Args:
        data: a spec, such as `cifar10:PATH`; data that is no spec comes back as it is.
        split: train or test; None is test for `WITH_SPLITS`, and nothing for the others.

    Raises:
        CrozeError: as `parse_spec`.
    """
    if not isinstance(data, str):
        return data
    spec = parse_spec(data)
    if split is None and (spec.name not in WITH_SPLITS or "split" in spec.options):
        return data
    return f"{data}{'&' if spec.options else '?'}split={split or 'test'}"  # type: ignore[return-value]


def same_images(one: object, other: object) -> bool:
    """Whether two specs read the same images: the same reader, file or folder, and split.

    Data that is no spec is the same where it is the same object.
    """
    if not isinstance(one, str) or not isinstance(other, str):
        return one is other
    first, second = parse_spec(one), parse_spec(other)

    def split(spec: Spec) -> str:
        return spec.options.get("split", "train" if spec.name in WITH_SPLITS else "")

    return (first.name, split(first)) == (second.name, split(second)) and (
        first.path == second.path or Path(first.path).resolve() == Path(second.path).resolve()
    )
