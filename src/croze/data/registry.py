"""Which readers there are, and the way from a spec or a value to a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from croze.data.cifar import open_cifar10, open_cifar100
from croze.data.dataset import Dataset
from croze.data.digits import open_digits
from croze.data.folder import open_folder
from croze.data.imagenet16 import open_imagenet16_120
from croze.data.npz import open_npz
from croze.data.parquet import open_parquet
from croze.data.spec import Spec, parse_spec
from croze.data.values import DataLike, dataset_of
from croze.errors import CrozeError

READERS: Mapping[str, tuple[Callable[[Spec], Dataset], str]] = MappingProxyType(
    {
        "digits": (open_digits, "scikit-learn's 1,797 digits at 32x32; needs no path"),
        "cifar10": (open_cifar10, "the folder cifar-10-batches-py or its parent; split=train|test"),
        "cifar100": (open_cifar100, "the folder cifar-100-python or its parent; split=train|test"),
        "imagenet16-120": (open_imagenet16_120, "the folder of the ImageNet16 batches; split=train|test"),
        "folder": (open_folder, "a folder of class folders of images; size=SIDE"),
        "parquet": (
            open_parquet,
            "a parquet file, or a folder of them, with image bytes and labels; image=COLUMN, label=COLUMN, "
            "size=SIDE, classes=COUNT",
        ),
        "npz": (open_npz, "a NumPy archive with images x and labels y; classes=COUNT"),
    }
)
"""Reader name -> (function that opens a spec, what it reads and its options, in one line)."""


def open_dataset(data: DataLike) -> Dataset:
    """The data set that a spec names, or that a value is.

    Args:
        data: a spec `name:PATH`, with options `name:PATH?key=value&key=value`, or a value as `dataset_of`
            takes it. Relative paths are taken from the current folder, `~` is the home folder. Decoders that
            are not needed are not imported.

    Raises:
        CrozeError: on a malformed spec, an unknown reader or option, data that cannot be read, or a value
            that is no data.
    """
    if not isinstance(data, str):
        return dataset_of(data)
    parsed = parse_spec(data)
    if parsed.name not in READERS:
        raise CrozeError(
            f"Unknown data set reader '{parsed.name}' in '{data}', expected one of {', '.join(READERS)}: "
            "for example 'digits' or 'cifar10:data/cifar-10-batches-py?split=test'."
        )
    reader, _ = READERS[parsed.name]
    return reader(parsed)
