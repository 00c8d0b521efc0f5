"""input-curvature and robust-zcp, image by image."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from croze.errors import CrozeError
from croze.proxies import parse_proxy
from croze.scoring.score import score


def input_gradient(model, image, label):
    image = image.clone().requires_grad_(True)
    functional.cross_entropy(model(image[None]), label[None]).backward()
    return image.grad.numpy()


def mean_change(model, batch, h):
    changes = []
    for image, label in zip(batch.normalised(), batch.labels, strict=True):
        before = input_gradient(model, image, label)
        direction = np.sign(before)
        direction = direction / math.sqrt((direction**2).sum())
        after = input_gradient(model, image + h * torch.from_numpy(direction), label)
        changes.append(math.sqrt(((after - before) ** 2).sum()))
    return np.mean(changes)


@pytest.mark.parametrize("h", [1.5, 0.1])
@pytest.mark.parametrize("network", ["plain_cnn", "convnext", "mlp"])
def test_curvature_of_each_image(network, h, double16, build):
    expected = math.log(mean_change(build(network), double16, h) / h)
    found = score(build(network), double16, f"input-curvature(h_normalised={h})").value
    assert found == pytest.approx(expected, rel=1e-8)


def test_curvature_of_a_quadratic(double16):
    """Two equal logits but for +-q(x): near x = 0 the loss is log 2 - q / 2 + q^2 / 8."""

    class Quadratic(torch.nn.Module):
        def forward(self, x):
            q = x.flatten(1).sum(dim=1)
            return torch.stack([q, torch.zeros_like(q)], dim=1) * 1e-3

    mean = torch.tensor(double16.mean).double().view(1, 3, 1, 1)
    blank = replace(double16, images=mean.expand_as(double16.images).clone(), labels=double16.labels * 0)
    found = score(Quadratic(), blank, "input-curvature(h_normalised=0.01)").value
    # second derivative of log(1 + exp(-q / 1000)) at 0 along a unit direction: 3072 / 4 / 1000^2
    assert found == pytest.approx(math.log(3072 / 4e6), rel=1e-5)


@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "mlp"])
def test_kernel_and_bend(network, double16, build):
    model = build(network).eval()
    rows = []
    for image, label in zip(double16.normalised(), double16.labels, strict=True):
        model.zero_grad()
        functional.cross_entropy(model(image[None].clone()), label[None]).backward()
        tensors = [p.grad.flatten() for p in model.parameters() if p.numel() >= 50]
        rows.append([float(v) for t in tensors[:11] for v in t[:50]])
    pairs = sum(np.dot(rows[i], rows[8 + i]) for i in range(8)) * 25 / 8
    bend = mean_change(model, double16, 50.0)
    expected = -(5e6 * pairs / 2500 + math.log(bend))
    assert score(build(network), double16, "robust-zcp").value == pytest.approx(expected, rel=1e-8)
    without_kernel = score(build(network), double16, "robust-zcp(t=0)").value
    assert without_kernel == pytest.approx(-math.log(bend), rel=1e-8)


def test_ranks_like_the_product_that_the_paper_writes(double16, build):
    found = [score(build("plain_cnn", seed), double16, "robust-zcp(t=1000)").value for seed in range(5)]
    bends = [mean_change(build("plain_cnn", seed).eval(), double16, 50.0) for seed in range(5)]
    # R = -exp(t * K) * L, with t * K = -score - log L
    products = [-math.exp(-s - math.log(bend)) * bend for s, bend in zip(found, bends, strict=True)]
    assert np.argsort(products).tolist() == np.argsort(found).tolist()


@pytest.mark.parametrize(
    "spec",
    ["input-curvature(h_normalised=0)", "robust-zcp(h_normalised=-1)", "robust-zcp(h_normalised=0)"],
)
def test_arguments_that_make_no_sense(spec):
    with pytest.raises(CrozeError, match="above 0"):
        parse_proxy(spec)
