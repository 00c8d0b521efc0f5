"""smooth-features and smooth-gradients, vector by vector."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.score import score


def cosine(a, b):
    norms = math.sqrt((a * a).sum()) * math.sqrt((b * b).sum())
    return (a * b).sum() / norms if norms else 0.0


def noisy(batch, epsilon, seed=0):
    x = batch.normalised()
    return x + epsilon * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed)).double()


def features(model, x):
    seen = {}
    layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    handles = [
        m.register_forward_hook(lambda m, i, o, n=n: seen.__setitem__(n, o.flatten(1).numpy().copy()))
        for n, m in layers.items()
    ]
    with torch.no_grad():
        model(x.clone())
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize("epsilon", [0.1, 2.0])
@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "mlp"])
def test_features_image_by_image(network, epsilon, double16, build):
    model = build(network)
    clean, moved = features(model, double16.normalised()), features(model, noisy(double16, epsilon))
    expected = [np.mean([cosine(a, b) for a, b in zip(clean[n], moved[n], strict=True)]) for n in clean]
    found = score(model, double16, f"smooth-features(epsilon_normalised={epsilon})")
    assert found.value == pytest.approx(np.mean(expected), rel=1e-10)
    assert found.value < 1


@pytest.mark.parametrize("epsilon", [0.1, 2.0])
@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "mlp"])
def test_gradients_position_by_position(network, epsilon, double16, build, backward):
    model = build(network)
    clean = backward(model, double16.normalised(), double16.labels)
    moved = backward(model, noisy(double16, epsilon), double16.labels)
    expected = []
    for layer, (_, g) in clean.items():
        a, b = g.reshape(len(g), -1), moved[layer][1].reshape(len(g), -1)
        expected.append(np.mean([abs(cosine(a[:, k], b[:, k])) for k in range(a.shape[1])]))
    found = score(model, double16, f"smooth-gradients(epsilon_normalised={epsilon})")
    assert found.value == pytest.approx(np.mean(expected), rel=1e-9)


def test_less_noise_is_smoother(double16, build):
    for proxy in ("smooth-features", "smooth-gradients"):
        small, large = (
            score(build("plain_cnn"), double16, f"{proxy}(epsilon_normalised={e})").value for e in (0.01, 1)
        )
        assert small > large


@pytest.mark.parametrize("epsilon", ["0", "-1", "inf"])
def test_arguments_that_make_no_sense(epsilon):
    with pytest.raises(CrozeError):
        parse_proxy(f"smooth-features(epsilon_normalised={epsilon})")
