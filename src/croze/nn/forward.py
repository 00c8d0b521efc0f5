"""From whatever a classifier returns to its logits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def correct_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Which logits `(N, classes)` are highest at their label, bool `(N,)`; False where one is not finite."""
    logits = logits.detach()
    return (logits.argmax(1) == labels) & logits.isfinite().all(1)
