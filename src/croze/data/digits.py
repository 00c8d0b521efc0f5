"""The handwritten digits that come with scikit-learn: a real data set that needs no file."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

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
    with guarded("Cannot load the digits of scikit-learn, install it again"):
        rows = np.loadtxt(_file(), delimiter=",", dtype=np.int64)
    # Values and bilinear weights are multiples of 1/64: in float64 the sums are exact on every machine.
    small = torch.from_numpy(rows[:, :-1].reshape(-1, 1, 8, 8)).to(torch.float64)
    large = torch.nn.functional.interpolate(small, size=(_SIDE, _SIDE), mode="bilinear", align_corners=False)
    grey = np.rint(large.numpy() * 255 / _BRIGHTEST).astype(np.uint8)
    return ArrayDataset(np.repeat(grey, 3, axis=1), rows[:, -1], 10, source=spec.text)


def _file() -> Path:
    """Where scikit-learn keeps them; importing it to read one file would take 2 seconds."""
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("scikit-learn is not installed")
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
