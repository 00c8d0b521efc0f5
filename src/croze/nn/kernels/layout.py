"""Which tensors the kernels of this package are for."""

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
