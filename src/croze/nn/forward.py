"""From whatever a classifier returns to its logits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from croze.errors import CrozeError


def logits_of(output: Any) -> Tensor:
    """The logits `(N, classes)` in a classifier's output.

    A tensor is taken as it is, of a tuple or list the first element, of a mapping its `logits`.

    Raises:
        CrozeError: when there is no two-dimensional floating tensor to be found.
    """
    found = output
    if isinstance(found, Mapping):
        found = found.get("logits")
    elif isinstance(found, tuple | list) and found:
        found = found[0]
    if not isinstance(found, Tensor) or found.ndim != 2 or not found.is_floating_point():
        what = (
            f"a tensor of shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(output).__name__
        )
        raise CrozeError(
            f"The model must return logits of shape (N, classes), a tuple that starts with them or a mapping "
            f"with `logits`, got {what}."
        )
    return found


def outputs_of(output: Any, images: int) -> tuple[Tensor, str]:
    """The logits and an empty text; of a network for another task all of its output, and why it is no logits.

    All of it are the floating tensors with a row an image, `(images, values)`.

    Raises:
        CrozeError: where there is neither.
    """
    try:
        return logits_of(output), ""
    except CrozeError as problem:
        rows = _rows(output, images)
        if not rows:
            raise
        return torch.cat(rows, 1), str(problem)


def _rows(output: Any, images: int) -> list[Tensor]:
    if isinstance(output, Tensor):
        fits = output.is_floating_point() and output.ndim > 1 and output.shape[0] == images
        return [output.flatten(1)] if fits else []
    parts = output.values() if isinstance(output, Mapping) else output
    return (
        [row for part in parts for row in _rows(part, images)]
        if isinstance(output, Mapping | tuple | list)
        else []
    )


def correct_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Which logits `(N, classes)` are highest at their label, bool `(N,)`; False where one is not finite."""
    logits = logits.detach()
    return (logits.argmax(1) == labels) & logits.isfinite().all(1)
