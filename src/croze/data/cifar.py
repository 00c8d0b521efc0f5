"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in the folders of the "python version" download."""

from __future__ import annotations

from dataclasses import dataclass

from croze.data.dataset import ArrayDataset
from croze.data.normalisation import Normalisation
from croze.data.pickled_images import batch_folder, read_batches
from croze.data.spec import Spec

_SIDE = 32


@dataclass(frozen=True)
class _Layout:
    folder: str
    files: dict[str, tuple[str, ...]]
    label_key: str
    classes: int
    normalisation: Normalisation


_CIFAR10 = _Layout(
    folder="cifar-10-batches-py",
    files={"train": tuple(f"data_batch_{k}" for k in range(1, 6)), "test": ("test_batch",)},
    label_key="labels",
    classes=10,
    normalisation=Normalisation((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
)
_CIFAR100 = _Layout(
    folder="cifar-100-python",
    files={"train": ("train",), "test": ("test",)},
    label_key="fine_labels",
    classes=100,
    normalisation=Normalisation((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
)


def open_cifar10(spec: Spec) -> ArrayDataset:
    """CIFAR-10 from `cifar-10-batches-py` or its parent; option `split=train|test`.

    Raises:
        CrozeError: on a wrong spec, a missing or damaged batch file, or labels outside 0..9.
    """
    return _open(spec, _CIFAR10)


def open_cifar100(spec: Spec) -> ArrayDataset:
    """CIFAR-100 with its fine labels from `cifar-100-python` or its parent; option `split=train|test`.

    Raises:
        CrozeError: on a wrong spec, a missing or damaged batch file, or labels outside 0..99.
    """
    return _open(spec, _CIFAR100)


def _open(spec: Spec, layout: _Layout) -> ArrayDataset:
    spec.allow("split")
    names = layout.files[spec.choice("split", ("train", "test"))]
    folder = batch_folder(spec, layout.folder)
    images, labels = read_batches(folder, names, layout.label_key, _SIDE)
    return ArrayDataset(images, labels, layout.classes, layout.normalisation, spec.text)
