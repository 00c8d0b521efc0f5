"""Depthwise convolutions whose gradients take the paths that are fast on a CPU.

The forward pass is torch's own. Of the gradients, torch is slow with a dilation, where it falls back to
matrices of a few elements, and with the weights of kernels larger than 3x3. Here

- the gradient of the input at stride 1 is a convolution of the output's gradient with the kernel turned
  round (its own gradients are those of this very function, so it may be differentiated again);
- a dilation of 2 splits the map into its four phases (even and odd rows and columns), each of which is
  convolved without dilation; at stride 2 only one of the phases is touched at all;
- the gradient of a 5x5 or 7x7 kernel is put together from those of overlapping 3x3 kernels.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import handle_torch_function, has_torch_function

from croze.nn.kernels.layout import chunks, dense

OFFSETS = {5: (0, 2), 7: (0, 3, 4)}
"""Where the 3x3 kernels begin that cover a larger one."""

SMALLEST = 16
"""Rows of a map from which a larger kernel's gradient is faster in pieces."""


def knows(kernel: int, stride: int, padding: int, dilation: int) -> bool:
    """Whether `depthwise` can compute a convolution with these settings and may gain by it."""
    if kernel not in (3, 5, 7) or padding != dilation * (kernel // 2):
        return False
    return (dilation == 2 and stride in (1, 2)) or (dilation == 1 and stride == 1 and kernel in OFFSETS)


def gains(x: Tensor, kernel: int, dilation: int) -> bool:
    """Whether it is the faster way with this map, and the map can be split into phases if need be."""
    if dilation == 2:
        return x.shape[2] % 2 == 0 and x.shape[3] % 2 == 0
    return x.shape[2] >= SMALLEST


def depthwise(x: Tensor, weight: Tensor, dilation: int = 1, stride: int = 1) -> Tensor:
    """A convolution of each channel with its own kernel, padded to keep the size at stride 1.

    Args:
        x: `(N, C, H, W)`; H and W even with a dilation of 2.
        weight: `(C, 1, k, k)`, k = 3, 5 or 7.
        dilation: 1 or 2.
        stride: 1, with a dilation of 2 also 2.

    Returns:
        `(N, C, H / stride, W / stride)`.
    """
    if has_torch_function((x, weight)):
        seen: Tensor = handle_torch_function(
            depthwise, (x, weight), x, weight, dilation=dilation, stride=stride
        )
        return seen
    if stride == 2:  # even rows and columns meet even ones only: a convolution of one phase
        x, dilation = dense(x[:, :, ::2, ::2]), 1
    result: Tensor = _Depthwise.apply(x, weight, dilation)  # type: ignore[no-untyped-call]
    return result


class _Depthwise(torch.autograd.Function):
    """At stride 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        return _convolve(x, weight, dilation)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        gradient = dense(gradient)
        of_x = of_weight = None
        if ctx.needs_input_grad[0]:
            turned = weight.flip(2, 3)
            again = depthwise if torch.is_grad_enabled() else _convolve
            of_x = again(gradient, turned, ctx.dilation)
        if ctx.needs_input_grad[1]:
            if ctx.dilation == 2:
                gradient, x = _phases(gradient), _phases(x)
            of_weight = _weight_gradient(gradient, x, weight.shape[2])
        return of_x, of_weight, None


def _convolve(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    return functional.conv2d(
        x, weight, padding=dilation * (weight.shape[2] // 2), dilation=dilation, groups=x.shape[1]
    )


def _phases(x: Tensor) -> Tensor:
    """`(N, C, H, W)` to `(4N, C, H/2, W/2)`: even and odd rows and columns as images of their own."""
    n, c, h, w = x.shape
    split = x.permute(0, 2, 3, 1).reshape(n, h // 2, 2, w // 2, 2, c)
    return split.permute(2, 4, 0, 1, 3, 5).reshape(4 * n, h // 2, w // 2, c).permute(0, 3, 1, 2)


def _weight_gradient(gradient: Tensor, x: Tensor, kernel: int) -> Tensor:
    """Gradient of the kernels `(C, 1, k, k)` from that of the output and the input, without dilation."""
    if kernel not in OFFSETS or x.shape[2] < SMALLEST:
        return _of_weight(gradient, x, x.new_empty(x.shape[1], 1, kernel, kernel), kernel // 2)
    parts = [_pieced_together(gradient[rows], x[rows], kernel) for rows in chunks(x)]
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)


def _pieced_together(gradient: Tensor, x: Tensor, kernel: int) -> Tensor:
    """The same from 3x3 kernels, each of which sees the input a few rows and columns further on.

    The images are written below each other into one tall image with zeros around them, so that moving by a
    row or a column is another place in memory to begin at, and no copy.
    """
    n, c, h, w = x.shape
    margin, rest = kernel // 2, kernel - 3
    height, width = h + 2 * margin, w + 2 * margin
    rows = n * height
    tall = x.new_zeros(rows * width + rest * width + rest, c)
    tall[: rows * width].view(n, height, width, c)[:, margin : margin + h, margin : margin + w] = x.permute(
        0, 2, 3, 1
    )
    # a 3x3 kernel takes two rows and two columns off; the zeros right of and below each image meet the seams
    framed = gradient.new_zeros(n, height, width - 2, c)
    framed[:, :h, :w] = gradient.permute(0, 2, 3, 1)
    of_output = framed.view(rows, width - 2, c)[: rows - 2].permute(2, 0, 1).unsqueeze(0)
    result, piece = x.new_empty(c, 1, kernel, kernel), x.new_empty(c, 1, 3, 3)
    for row in OFFSETS[kernel]:
        for column in OFFSETS[kernel]:
            seen = tall.as_strided(
                (1, c, rows, width), (rows * width * c, 1, width * c, c), (row * width + column) * c
            )
            result[:, :, row : row + 3, column : column + 3] = _of_weight(of_output, seen, piece, 0)
    return result


def _of_weight(gradient: Tensor, x: Tensor, like: Tensor, padding: int) -> Tensor:
    """Torch's own gradient of kernels shaped like `like`, whose values do not enter."""
    found: Tensor = torch.ops.aten.convolution_backward(
        gradient, x, like, None, [1, 1], [padding] * 2, [1, 1], False, [0, 0], len(like), [False, True, False]
    )[1]
    return found
