"""The test images of a data set that has training and test images."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from croze.data.folder import SPLITS, splits_of
from croze.data.parquet import huggingface_splits, parquet_splits
from croze.data.spec import Spec, parse_spec

WITH_SPLITS = ("cifar10", "cifar100", "imagenet16-120")
"""Readers of data sets that always have both; without an option `split` they read the training images."""

Data = TypeVar("Data")


def in_split(data: Data, split: str | None = None) -> Data:
    """The spec with its split, where the data set has several and the spec does not name one.

    Args:
        data: a spec, such as `cifar10:PATH`; data that is no spec comes back as it is.
        split: train, val or test; None is test where the data have it, else val where they have that.

    Raises:
        CrozeError: as `parse_spec`.
    """
    if not isinstance(data, str):
        return data
    spec = parse_spec(data)
    if split is None:
        there = () if "split" in spec.options else _splits_in(spec)
        split = next((one for one in ("test", "val") if one in there), None)
    if split is None:
        return data
    return f"{data}{'&' if spec.options else '?'}split={split}"  # type: ignore[return-value]


def same_images(one: object, other: object) -> bool:
    """Whether two specs read the same images: the same reader, file or folder, and split.

    Data that is no spec is the same where it is the same object.
    """
    if not isinstance(one, str) or not isinstance(other, str):
        return one is other
    first, second = parse_spec(one), parse_spec(other)

    def split(spec: Spec) -> str:
        return spec.options.get("split", next(iter(_splits_in(spec)), ""))

    return (first.name, split(first)) == (second.name, split(second)) and (
        first.path == second.path or Path(first.path).resolve() == Path(second.path).resolve()
    )


def _splits_in(spec: Spec) -> tuple[str, ...]:
    """The splits that a spec may name, the default first; none where the data are in one piece."""
    if spec.name in WITH_SPLITS:
        return "train", "test"
    path = Path(spec.path).expanduser()
    if not path.is_dir():
        return ()
    if spec.name == "folder":
        return tuple(splits_of(path))
    if spec.name not in ("parquet", "huggingface"):
        return ()
    found = huggingface_splits(path) if spec.name == "huggingface" else parquet_splits(path)
    return tuple(split for split in SPLITS if split in found)
