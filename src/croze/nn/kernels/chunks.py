"""Parts of a batch that are small enough to stay in the processor's cache."""

from __future__ import annotations

from torch import Tensor

ELEMENTS = 1 << 19
"""Of a map, that are worked on at once."""


def chunks(x: Tensor) -> list[slice]:
    """The images of `(N, C, H, W)` in parts of at most `ELEMENTS` elements, or of one image."""
    images = max(1, ELEMENTS // max(1, x[0].numel()))
    return [slice(start, start + images) for start in range(0, len(x), images)]
