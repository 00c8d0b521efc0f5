"""Images looked at between their pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from croze.corruptions.borders import Border, beyond


def sample(images: Tensor, rows: Tensor, columns: Tensor, border: Border) -> Tensor:
    """Linear interpolation at these places.

    Args:
        images: `(N, C, H, W)`.
        rows, columns: float64 `(N, h, w)`, in pixels; up to H or W beyond the border.
        border: what lies there.

    Returns:
        `(N, C, h, w)`.
    """
    count, channels, height, width = images.shape
    row, of_next_row = _split(rows)
    column, of_next_column = _split(columns)
    flat = images.flatten(2)
    found = torch.zeros(count, channels, rows[0].numel(), dtype=images.dtype, device=images.device)
    for down in (0, 1):
        y = _inside(row + down, height, border) * width
        share_of_row = of_next_row if down else 1 - of_next_row
        for right in (0, 1):
            place = (y + _inside(column + right, width, border)).flatten(1)
            share = share_of_row * (of_next_column if right else 1 - of_next_column)
            index = place[:, None].expand(-1, channels, -1)
            found += flat.gather(2, index).mul_(share.to(images.dtype).flatten(1)[:, None])
    return found.view(count, channels, *rows.shape[1:])


def _split(places: Tensor) -> tuple[Tensor, Tensor]:
    whole = places.floor()
    return whole.long(), places - whole


def _inside(places: Tensor, size: int, border: Border) -> Tensor:
    """The pixels that stand at these places, of which some are beyond the border."""
    return beyond(size, size + 1, border).to(places.device)[places + (size + 1)]
