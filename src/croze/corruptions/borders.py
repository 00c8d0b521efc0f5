"""What lies beyond the border of an image."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Border = Literal["edge", "symmetric", "reflect"]
"""aa|abc|cc, ba|abc|cb or cb|abc|ba: as NumPy calls them. OpenCV's default border is `reflect`."""


def padded(images: Tensor, width: int, border: Border, axis: int) -> Tensor:
    """The images with so many more rows or columns on both sides of an axis."""
    if width == 0:
        return images
    return images.index_select(axis, beyond(images.shape[axis], width, border).to(images.device))


@lru_cache(maxsize=64)
def beyond(size: int, width: int, border: Border) -> Tensor:
    """Which of 0 .. size - 1 stands at -width .. size - 1 + width, int64."""
    return torch.from_numpy(np.pad(np.arange(size, dtype=np.int64), width, mode=border))
