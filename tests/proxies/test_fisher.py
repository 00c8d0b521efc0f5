"""fisher as the loss's slope when single channels of single images are scaled."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from croze.scoring.score import score


def slopes(model, batch):
    """By layer, d loss / d s for a factor s on every image's channel, `(N, K)`."""
    factors, handles = {}, []

    def scale(name):
        def hook(module, _inputs, output):
            shape = (len(output), *([1] * (output.ndim - 2)), output.shape[-1])
            if isinstance(module, nn.Conv2d):
                shape = (*output.shape[:2], 1, 1)
            factors[name] = torch.ones(shape, dtype=output.dtype, requires_grad=True)
            return output * factors[name]

        return hook

    layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    handles = [m.register_forward_hook(scale(n)) for n, m in layers.items()]
    functional.cross_entropy(model(batch.normalised()), batch.labels).backward()
    for handle in handles:
        handle.remove()
    return {n: (layers[n].weight, f.grad.flatten(1)) for n, f in factors.items()}


@pytest.mark.parametrize("per_weight", [0, 1])
@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "group_norm", "mlp"])
def test_slopes_of_channels(network, per_weight, double16, build):
    model = build(network)
    expected = 0.0
    for weight, slope in slopes(model, double16).values():
        for k in range(slope.shape[1]):
            square = sum(float(s) ** 2 for s in slope[:, k]) / len(slope)
            expected += 0.5 * square * (math.prod(weight.shape[1:]) if per_weight else 1)
    found = score(model, double16, f"fisher(per_weight={per_weight})")
    assert found.value == pytest.approx(expected, rel=1e-9)
