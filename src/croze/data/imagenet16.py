"""ImageNet16-120 of NAS-Bench-201: 120 classes of the 16 x 16 ImageNet (Chrabaszcz et al. 2017)."""

from __future__ import annotations

from croze.data.dataset import ArrayDataset
from croze.data.normalisation import Normalisation
from croze.data.pickled_images import batch_folder, read_batches
from croze.data.spec import Spec
from croze.errors import CrozeError

_SIDE = 16
_ALL_CLASSES = 1000
_KEPT_CLASSES = 120
_FILES = {"train": tuple(f"train_data_batch_{k}" for k in range(1, 11)), "test": ("val_data",)}
_NORMALISATION = Normalisation(
    (122.68 / 255, 116.66 / 255, 104.01 / 255), (63.22 / 255, 61.26 / 255, 65.09 / 255)
)


def open_imagenet16_120(spec: Spec) -> ArrayDataset:
    """ImageNet16-120 from the folder of the ImageNet16 batches, or its parent; option `split=train|test`.

    The files number the classes from 1 to 1000; the first 120 are kept as 0..119. The test split is the
    validation file of ImageNet.

    Raises:
        CrozeError: on a wrong spec, a missing or damaged batch file, or labels outside 1..1000.
    """
    spec.allow("split")
    names = _FILES[spec.choice("split", ("train", "test"))]
    images, labels = read_batches(batch_folder(spec, "ImageNet16"), names, "labels", _SIDE)
    outside = labels[(labels < 1) | (labels > _ALL_CLASSES)]
    if outside.size:
        raise CrozeError(
            f"Labels of {spec.text} must lie in 1..{_ALL_CLASSES} as in the ImageNet16 files, "
            f"got {int(outside[0])}: use the original batches."
        )
    kept = labels <= _KEPT_CLASSES
    return ArrayDataset(images[kept], labels[kept] - 1, _KEPT_CLASSES, _NORMALISATION, spec.text)
