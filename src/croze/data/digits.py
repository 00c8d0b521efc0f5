"""The handwritten digits that come with scikit-learn: a real data set that needs no file."""

from __future__ import annotations

import numpy as np
import torch

from croze.data.dataset import ArrayDataset
from croze.data.guard import guarded
from croze.data.spec import Spec
from croze.errors import CrozeError

_SIDE = 32
_BRIGHTEST = 16


def open_digits(spec: Spec) -> ArrayDataset:
    """1,797 scanned digits of 8 x 8 pixels, enlarged bilinearly to RGB of 32 x 32; no path, no options.

    Raises:
        CrozeError: when the spec has a path or options.
    """
    spec.allow()
    if spec.path:
        raise CrozeError(f"The reader 'digits' takes no path: write digits, got '{spec.text}'.")
    from sklearn.datasets import load_digits

    with guarded("Cannot load the digits of scikit-learn, install it again"):
        content = load_digits()
    # Values and bilinear weights are multiples of 1/64: in float64 the sums are exact on every machine.
    small = torch.from_numpy(content.images).to(torch.float64)[:, None]
    large = torch.nn.functional.interpolate(small, size=(_SIDE, _SIDE), mode="bilinear", align_corners=False)
    grey = np.rint(large.numpy() * 255 / _BRIGHTEST).astype(np.uint8)
    return ArrayDataset(np.repeat(grey, 3, axis=1), content.target, 10, source=spec.text)
