"""Batches of images in the pickle format of CIFAR: CIFAR-10, CIFAR-100 (Krizhevsky 2009), ImageNet16-120."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from croze.data.dataset import ArrayDataset, Images, Indices
from croze.data.labels import integer_labels
from croze.data.normalisation import Normalisation
from croze.data.spec import Spec
from croze.data.unpickle import load_pickle
from croze.errors import CrozeError


@dataclass(frozen=True)
class Layout:
    """How the batches of a data set lie in their files; calling it opens the data set that a spec names.

    Attributes:
        folder: the usual name of the folder of the batches.
        files: names of the batches of each split.
        label_key: the entry of the labels in each batch.
        side: height and width of the images in pixels.
        classes: number of classes that are kept, the first ones.
        normalisation: of the data set.
        numbered: the classes in the files, the first and the last.
    """

    folder: str
    files: Mapping[str, Sequence[str]]
    label_key: str
    side: int
    classes: int
    normalisation: Normalisation
    numbered: tuple[int, int] | None = None

    def __call__(self, spec: Spec) -> ArrayDataset:
        """The data set in the folder of the batches, or in its parent; option `split=train|test`.

        Raises:
            CrozeError: on a wrong spec, a missing or damaged batch file, or labels out of range.
        """
        spec.allow("split")
        names = self.files[spec.choice("split", ("train", "test"))]
        folder = spec.location("folder")
        inner = folder / self.folder
        images, labels = self._read(inner if os.path.isdir(inner) else folder, names)
        if self.numbered is not None:
            first, last = self.numbered
            outside = labels[(labels < first) | (labels > last)]
            if outside.size:
                raise CrozeError(
                    f"Labels of {spec.text} must lie in {first}..{last} as in the {self.folder} files, "
                    f"got {int(outside[0])}: use the original batches."
                )
            kept = labels - first < self.classes
            images, labels = images[kept], labels[kept] - first
        return ArrayDataset(images, labels, self.classes, self.normalisation, spec.text)

    def _read(self, folder: Path, names: Sequence[str]) -> tuple[Images, Indices]:
        for name in names:
            if not os.path.isfile(folder / name):
                several = f" to '{names[-1]}'" if len(names) > 1 else ""
                raise CrozeError(
                    f"The file '{name}' is missing in '{folder}': give the folder that has "
                    f"'{names[0]}'{several}."
                )
        images, labels = zip(*(self._read_batch(folder / name) for name in names), strict=True)
        return np.concatenate(images), np.concatenate(labels)

    def _read_batch(self, path: Path) -> tuple[Images, Indices]:
        content = load_pickle(path)
        for needed in ("data", self.label_key):
            if needed not in content:
                raise CrozeError(
                    f"The batch '{path}' has no entry '{needed}', it has "
                    f"{', '.join(sorted(content)) or 'none'}: check that it belongs to this data set."
                )
        pixels, labels = content["data"], integer_labels(content[self.label_key], f"'{path}'")
        width = 3 * self.side**2
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (width,):
            is_array = isinstance(pixels, np.ndarray)
            got = f"{pixels.dtype} of shape {pixels.shape}" if is_array else type(pixels).__name__
            raise CrozeError(f"The entry 'data' of '{path}' must be uint8 of shape (N, {width}), got {got}.")
        if len(pixels) != len(labels):
            raise CrozeError(
                f"The batch '{path}' has {len(pixels)} images and {len(labels)} labels: download it again."
            )
        return pixels.reshape(-1, 3, self.side, self.side), labels


CIFAR10 = Layout(
    "cifar-10-batches-py",
    {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]},
    "labels",
    32,
    10,
    Normalisation((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
)

CIFAR100 = Layout(
    "cifar-100-python",
    {"train": ["train"], "test": ["test"]},
    "fine_labels",
    32,
    100,
    Normalisation((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
)
"""With its fine labels."""

IMAGENET16_120 = Layout(
    "ImageNet16",
    {"train": [f"train_data_batch_{k}" for k in range(1, 11)], "test": ["val_data"]},
    "labels",
    16,
    120,
    Normalisation((122.68 / 255, 116.66 / 255, 104.01 / 255), (63.22 / 255, 61.26 / 255, 65.09 / 255)),
    (1, 1000),
)
"""The first 120 classes of the 16 x 16 ImageNet (Chrabaszcz et al. 2017), as in NAS-Bench-201; its test split
is the validation file of ImageNet."""
