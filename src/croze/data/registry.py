"""Which readers there are, and the way from a spec or a value to a data set and to a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from croze.data.dataset import Dataset
from croze.data.digits import open_digits
from croze.data.folder import FolderDataset
from croze.data.npz import open_npz
from croze.data.parquet import ParquetDataset, open_huggingface
from croze.data.pickled import CIFAR10, CIFAR100, IMAGENET16_120
from croze.data.sampling import draw
from croze.data.spec import Spec, parse_spec
from croze.data.values import DataLike, dataset_of
from croze.errors import CrozeError
from croze.types import Batch

SIZE = 8
"""Images in a batch where nobody says how many."""

READERS: Mapping[str, tuple[Callable[[Spec], Dataset], str]] = MappingProxyType(
    {
        "digits": (open_digits, "scikit-learn's 1,797 digits at 32x32; needs no path"),
        "cifar10": (CIFAR10, "the folder cifar-10-batches-py or its parent; split=train|test"),
        "cifar100": (CIFAR100, "the folder cifar-100-python or its parent; split=train|test"),
        "imagenet16-120": (IMAGENET16_120, "the folder of the ImageNet16 batches; split=train|test"),
        "folder": (
            FolderDataset,
            "a folder of class folders of images; split=train|val|test, size=SIDE, channels=COUNT",
        ),
        "parquet": (
            ParquetDataset,
            "a parquet file, or a folder of them, with image bytes and labels; image=COLUMN, label=COLUMN, "
            "size=SIDE, classes=COUNT, channels=COUNT, split=train|val|test",
        ),
        "huggingface": (
            open_huggingface,
            "a folder that Hugging Face's datasets saved, or a snapshot from their hub; options as parquet",
        ),
        "npz": (open_npz, "a NumPy archive with images x and labels y; classes=COUNT, channels=COUNT"),
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


def load_batch(
    data: DataLike,
    size: int | None = None,
    seed: int = 0,
    sampling: str = "balanced",
    augment: bool = False,
) -> Batch:
    """A batch of labelled images, drawn from data of any kind.

    >>> load_batch("digits", size=16).images.shape
    torch.Size([16, 3, 32, 32])

    Args:
        data: a spec such as `cifar10:PATH`, a torch `Dataset`, a pair of tensors (images `(N, C, H, W)`,
            labels `(N,)`), or a batch, which is used as it stands.
        size: number of images; None for 8, or for all of a batch.
        seed, sampling, augment: as `draw` takes them.

    Returns:
        The same arguments give the same batch, whose `digest()` is its identity in a store of scores.

    Raises:
        CrozeError: for data that cannot be opened, too few images, arguments out of range, or a batch of
            which another size or augmentation is asked.
    """
    if isinstance(data, Batch):
        if augment or size not in (None, len(data)):
            raise CrozeError(
                f"A batch is used as it stands, here with {len(data)} images: leave size and augment out, or "
                "give the data set it was drawn from."
            )
        return data
    size = SIZE if size is None else size
    return draw(open_dataset(data), size=size, seed=seed, sampling=sampling, augment=augment)
