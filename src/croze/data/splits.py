"""The test images of a data set that has training and test images."""

from __future__ import annotations

from pathlib import Path

from croze.data.spec import Spec, parse_spec

WITH_SPLITS = ("cifar10", "cifar100", "imagenet16-120")
"""Readers of such data sets; without an option `split` they read the training images."""


def in_split(text: str, split: str | None = None) -> str:
    """The spec with its split, where the data set has several and the spec does not name one.

    Args:
        text: a spec, such as `cifar10:PATH`.
        split: train or test; None is test for `WITH_SPLITS`, and nothing for the others.

    Raises:
        CrozeError: as `parse_spec`.
    """
    spec = parse_spec(text)
    if split is None and (spec.name not in WITH_SPLITS or "split" in spec.options):
        return text
    return f"{text}{'&' if spec.options else '?'}split={split or 'test'}"


def same_images(one: str, other: str) -> bool:
    """Whether two specs read the same images: the same reader, file or folder, and split."""
    first, second = parse_spec(one), parse_spec(other)

    def split(spec: Spec) -> str:
        return spec.options.get("split", "train" if spec.name in WITH_SPLITS else "")

    return (first.name, split(first)) == (second.name, split(second)) and (
        first.path == second.path or Path(first.path).resolve() == Path(second.path).resolve()
    )
