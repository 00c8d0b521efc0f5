"""What tensors the kernels of this package take, and the parts of a batch that stay in the cache."""

from __future__ import annotations

import torch
from torch import Tensor


def lies_channels_last(x: Tensor, dtype: torch.dtype = torch.float32) -> bool:
    """Whether it is a map `(N, C, H, W)` of this type on the CPU with the channels innermost.

    Under autocast, which computes in another type than the map's, no map is.
    """
    return (
        x.ndim == 4
        and x.dtype == dtype
        and x.device.type == "cpu"
        and x.shape[1] > 1
        and x.is_contiguous(memory_format=torch.channels_last)
        and not torch.is_autocast_enabled("cpu")
    )


def dense(x: Tensor) -> Tensor:
    """The same values without gaps and with the channels innermost; the tensor itself where it is so."""
    return x.contiguous(memory_format=torch.channels_last)


ELEMENTS = 1 << 19
"""Of a map, that are worked on at once."""


def chunks(x: Tensor) -> list[slice]:
    """The images of `(N, C, H, W)` in parts of at most `ELEMENTS` elements, or of one image."""
    images = max(1, ELEMENTS // max(1, x[0].numel()))
    return [slice(start, start + images) for start in range(0, len(x), images)]
