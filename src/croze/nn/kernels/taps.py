"""Depthwise convolutions in float64, one multiplication of whole maps for each place of the kernel.

torch has no kernel of its own for them: it multiplies matrices of a few elements, channel by channel, and
with the channels innermost takes tens of times as long as this.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import handle_torch_function, has_torch_function

from croze.nn.kernels.layout import chunks


def tapped(x: Tensor, weight: Tensor, stride: int, padding: int, dilation: int) -> Tensor:
    """`(N, C, H, W)` and kernels `(C, 1, k, k)` to `(N, C, H', W')`, as `conv2d` with C groups.

    Args:
        padding: at most `dilation * (k - 1)`.
    """
    if has_torch_function((x, weight)):
        seen: Tensor = handle_torch_function(tapped, (x, weight), x, weight, stride, padding, dilation)
        return seen
    result: Tensor = _Tapped.apply(x, weight, stride, padding, dilation)  # type: ignore[no-untyped-call]
    return result


class _Tapped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.settings = stride, padding, dilation
        parts = [_sum_of_taps(x[rows], weight, stride, padding, dilation) for rows in chunks(x)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        x, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.settings
        of_x = of_weight = None
        if ctx.needs_input_grad[0]:
            reach = dilation * (weight.shape[2] - 1)
            spread = _spread(gradient, stride, reach - padding, reach, x.shape[2:])
            of_x = tapped(spread, weight.flip(2, 3), 1, 0, dilation)
        if ctx.needs_input_grad[1]:
            of_weight = _of_weight(gradient, x, weight.shape[2], stride, padding, dilation)
        return of_x, of_weight, None, None, None


def _sum_of_taps(x: Tensor, weight: Tensor, stride: int, padding: int, dilation: int) -> Tensor:
    kernel = weight.shape[2]
    padded = _padded(x, padding)
    height, width = (_length(size, kernel, stride, dilation) for size in padded.shape[1:3])
    # along a row of pixels the kernel's value repeats: rows are multiplied as a whole
    rows = weight[:, 0].permute(1, 2, 0).repeat(1, 1, width)
    total: Tensor | None = None
    for row, column in _places(kernel):
        seen = _seen(padded, row * dilation, column * dilation, stride, height, width)
        seen = seen.reshape(len(x), height, -1)
        total = seen * rows[row, column] if total is None else total.addcmul_(seen, rows[row, column])
    assert total is not None
    return total.view(len(x), height, width, -1).permute(0, 3, 1, 2)


def _of_weight(gradient: Tensor, x: Tensor, kernel: int, stride: int, padding: int, dilation: int) -> Tensor:
    height, width = gradient.shape[2:]
    sums: list[Tensor] = []
    for rows in chunks(x):
        padded = _padded(x[rows], padding)
        pixels = gradient[rows].permute(0, 2, 3, 1)
        found = [
            (pixels * _seen(padded, row * dilation, column * dilation, stride, height, width))
            .reshape(-1, x.shape[1])
            .sum(dim=0)
            for row, column in _places(kernel)
        ]
        sums.append(torch.stack(found, dim=1))
    total = sums[0] if len(sums) == 1 else torch.stack(sums).sum(dim=0)
    return total.view(x.shape[1], 1, kernel, kernel)


def _padded(x: Tensor, padding: int) -> Tensor:
    """`(N, C, H, W)` to `(N, H + 2p, W + 2p, C)`, dense."""
    return functional.pad(x.permute(0, 2, 3, 1), (0, 0, padding, padding, padding, padding)).contiguous()


def _spread(gradient: Tensor, stride: int, before: int, reach: int, size: torch.Size) -> Tensor:
    """The gradient with `stride - 1` zeros between its pixels and as many around as the input asks for."""
    n, c, h, w = gradient.shape
    spread = gradient.new_zeros(n, size[0] + reach, size[1] + reach, c)
    rows, columns = before + (h - 1) * stride + 1, before + (w - 1) * stride + 1
    spread[:, before:rows:stride, before:columns:stride] = gradient.permute(0, 2, 3, 1)
    return spread.permute(0, 3, 1, 2)


def _seen(padded: Tensor, row: int, column: int, stride: int, height: int, width: int) -> Tensor:
    """What one place of the kernel meets, `(N, H', W', C)`."""
    below, right = row + (height - 1) * stride + 1, column + (width - 1) * stride + 1
    return padded[:, row:below:stride, column:right:stride]


def _places(kernel: int) -> list[tuple[int, int]]:
    return [(row, column) for row in range(kernel) for column in range(kernel)]


def _length(size: int, kernel: int, stride: int, dilation: int) -> int:
    return (size - dilation * (kernel - 1) - 1) // stride + 1
