"""Data sets from a spec such as `cifar10:PATH` or from values at hand, and batches drawn from them."""

from croze.data.dataset import ArrayDataset, Dataset
from croze.data.normalisation import Normalisation
from croze.data.registry import READERS, load_batch, open_dataset
from croze.data.sampling import SAMPLINGS, draw
from croze.data.values import DataLike

__all__ = [
    "READERS",
    "SAMPLINGS",
    "ArrayDataset",
    "DataLike",
    "Dataset",
    "Normalisation",
    "draw",
    "load_batch",
    "open_dataset",
]
