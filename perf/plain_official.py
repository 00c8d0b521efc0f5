"""`croze-official` the straightforward way: the oracle of its tests, and what its speed is compared with.

The released code's procedure, departure by departure, in plain torch: everything in float64, whole backward
passes that accumulate in the parameters, one hook and one cosine a layer. Nothing of the engine is used.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from croze.nn.stages import declared_stages
from croze.types import Batch


def plain_official(model: nn.Module, batch: Batch, beta: float = 2.0, epsilon: float = 0.01) -> float:
    """The score of a network that runs in training mode; the network is left as it was.

    Args:
        model: any classifier whose convolutions and linear layers all get a gradient, or one with `stages()`.
        batch: images and labels.
        beta, epsilon: as `croze-official` takes them, epsilon in normalised image space.
    """
    stages = declared_stages(model)
    network = copy.deepcopy(model).double().train()
    kept = tuple(f"{name}." for name in (stages.keeps_batchnorm if stages is not None else ()))
    for path, module in list(network.named_modules()):
        for name, child in list(module._modules.items()):
            if isinstance(child, _BatchNorm) and not f"{path}.{name}".startswith(kept or ("?",)):
                setattr(module, name, nn.Identity())
    for p in network.parameters():
        p.data = p.data.abs()
    modules = dict(network.named_modules())
    layers = {n: m for n, m in modules.items() if isinstance(m, nn.Conv2d | nn.Linear)}
    shown = layers if stages is None else {name: modules[name] for name in stages.outputs}
    feature = {n: n if stages is None else stages.outputs[stages.of_layer[n]] for n in layers}
    x, y = batch.normalised().double(), batch.labels

    z = _forward_and_backward(network, shown, x, y)
    g = {n: m.weight.grad.clone() for n, m in layers.items() if m.weight.grad is not None}
    theta = {n: m.weight.detach().clone() for n, m in layers.items()}
    with torch.no_grad():
        for p in network.parameters():
            if p.ndim >= 2 and p.grad is not None:
                p.add_(beta * (p.norm() / (p.grad.norm() + 1e-30)) * p.grad)
    network.zero_grad()
    x_r = x.clone().requires_grad_(True)
    _forward_and_backward(network, shown, x_r, y)
    assert x_r.grad is not None
    x_r = (x - epsilon * x_r.grad.sign()).clamp(0, 1).detach()
    z_r = _forward_and_backward(network, shown, x_r, y)  # on top of the gradients that are there

    total = 0.0
    for n in g:
        weight = layers[n].weight
        assert weight.grad is not None
        features = (1 + functional.cosine_similarity(z[feature[n]], z_r[feature[n]], dim=0)).sum()
        parameters = (1 + functional.cosine_similarity(theta[n], weight, dim=0)).sum()
        gradients = functional.cosine_similarity(g[n], weight.grad, dim=0).abs().sum()
        total += abs(float((features * parameters * gradients).detach()))
    return total


def _forward_and_backward(
    network: nn.Module, shown: Mapping[str, nn.Module], x: Tensor, y: Tensor
) -> dict[str, Tensor]:
    outputs: dict[str, Tensor] = {}

    def keep(name: str) -> torch.utils.hooks.RemovableHandle:
        return shown[name].register_forward_hook(
            lambda _module, _inputs, output: outputs.__setitem__(name, output.detach().clone())
        )

    handles = [keep(name) for name in shown]
    functional.cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
    for handle in handles:
        handle.remove()
    return outputs
