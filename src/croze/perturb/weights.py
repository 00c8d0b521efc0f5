"""Layer-wise perturbation of weights (CRoZe section 3.2, Eq. 3; after Wu et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor


def layerwise_step(weight: Tensor, gradient: Tensor, beta: float) -> Tensor:
    """`theta + beta * ||theta|| * g / ||g||` for one layer (Eq. 3); `theta` itself where `g` is zero.

    Args:
        weight: the layer's weight, any shape.
        gradient: the loss gradient with respect to it, same shape.
        beta: step size relative to the weight's norm.
    """
    norm = torch.linalg.vector_norm(gradient)
    if not norm > 0:
        return weight.clone()
    return torch.add(weight, gradient * (beta * torch.linalg.vector_norm(weight) / norm))


def released_step(weight: Tensor, direction: Tensor, beta: float) -> Tensor:
    """The released code's form of Eq. 3: `theta + beta * (||theta|| / (||d|| + 1e-30)) * d`."""
    scale = torch.linalg.vector_norm(weight) / (torch.linalg.vector_norm(direction) + 1e-30)
    return torch.add(weight, direction * (beta * scale))
