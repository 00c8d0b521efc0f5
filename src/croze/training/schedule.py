"""The learning rate and drop-path over the steps of a training."""

from __future__ import annotations

import math


def learning_rate(base: float, step: int, total: int, warmup: int = 0) -> float:
    """A linear rise over `warmup` steps, then half a cosine from `base` towards 0 at `total`.

    Args:
        step: 0 to total - 1.
    """
    if step < warmup:
        return base * (step + 1) / warmup
    return base * 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def drop_path(last: float, step: int, total: int) -> float:
    """A linear rise from 0 to `last`, as in Liu et al. (2019), section 3.3."""
    return last * step / total
