"""Layer-wise perturbation of weights (CRoZe section 3.2, Eq. 3; after Wu et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def layerwise_steps(
    weights: Mapping[str, Tensor], gradients: Mapping[str, Tensor], beta: float
) -> dict[str, Tensor]:
    """`theta + beta * ||theta|| * g / ||g||` for every layer (Eq. 3).

    Args:
        weights: by layer, any shapes.
        gradients: of the loss with respect to them; where one is absent or zero the result is `theta` itself.
        beta: step size relative to a weight's norm.
    """
    moved = {layer: weight.clone() for layer, weight in weights.items()}
    layers = [layer for layer in weights if layer in gradients]
    if not layers:
        return moved
    thetas, directions = ([of[layer] for layer in layers] for of in (weights, gradients))
    for layer, of_theta, of_direction in zip(layers, _norms(thetas), _norms(directions), strict=True):
        if of_direction > 0:
            moved[layer].add_(gradients[layer], alpha=beta * of_theta / of_direction)
    return moved


def _norms(tensors: list[Tensor]) -> list[float]:
    """Of all together, for a GPU would wait for each; a network may lie on several devices."""
    norms = torch._foreach_norm(tensors)
    alike = len({(norm.device, norm.dtype) for norm in norms}) == 1
    return torch.stack(norms).tolist() if alike else [norm.item() for norm in norms]


def released_step(weight: Tensor, direction: Tensor, beta: float) -> Tensor:
    """The released code's form of Eq. 3: `theta + beta * (||theta|| / (||d|| + 1e-30)) * d`."""
    scale = torch.linalg.vector_norm(weight) / (torch.linalg.vector_norm(direction) + 1e-30)
    return torch.add(weight, direction * (beta * scale))
