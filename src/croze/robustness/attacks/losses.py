"""The losses that attacks raise, one value per image."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]
"""Logits `(N, classes)` and labels `(N,)` to values `(N,)`, higher where the model is more wrong."""


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy (Madry et al. 2018, eq. 2.1)."""
    return functional.cross_entropy(logits, labels, reduction="none")


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """The best other logit minus the label's, above 0 where the model errs (Carlini & Wagner 2017, f6)."""
    own = functional.one_hot(labels, logits.shape[1]).bool()
    others = logits.masked_fill(own, -torch.inf).amax(1)
    return others - logits.gather(1, labels[:, None])[:, 0]


LOSSES: Mapping[str, Loss] = {"ce": cross_entropy, "margin": margin}
