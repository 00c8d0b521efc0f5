"""jacob-cov and epe-nas against NumPy over Jacobians by torch.func, and by loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, vmap

from croze.scoring.score import score

NETWORKS = ["plain_cnn", "mlp", "resnet"]


@pytest.fixture(scope="module")
def jacobians(image_by_image):
    """`(N, pixels)`, by vmap over images that stand alone."""

    def find(model, batch):
        x = batch.normalised()
        frozen = image_by_image(model, x)

        def logits(image):
            return functional_call(frozen, {}, (image[None].clone(),)).sum()

        return vmap(grad(logits))(x).detach().flatten(1).numpy()

    return find


@pytest.mark.parametrize("k", [1e-5, 0.1])
@pytest.mark.parametrize("network", NETWORKS)
def test_spectrum_of_correlations(network, k, double16, build, jacobians):
    model = build(network)
    v = np.linalg.eigvals(np.corrcoef(jacobians(model, double16))).real
    expected = -np.sum(np.log(v + k) + 1 / (v + k))
    assert score(model, double16, f"jacob-cov(k={k})").value == pytest.approx(expected, rel=1e-7)


def pearson(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())


def by_class(jacobian, labels):
    groups = {}
    for row, label in zip(jacobian, labels.tolist(), strict=True):
        groups.setdefault(label, []).append(row)
    return groups


@pytest.mark.parametrize("classes", [10, 100, 101])
@pytest.mark.parametrize("network", NETWORKS)
def test_correlations_within_classes(network, classes, double16, build, jacobians):
    model, k = build(network), 1e-5
    batch = replace(double16, classes=classes)
    sums = {}
    for label, rows in by_class(jacobians(model, batch), batch.labels).items():
        total = sum(math.log(abs(pearson(a, b)) + k) for a in rows for b in rows)
        sums[label] = total / len(rows) if classes > 100 else total
        if classes > 100 and len(rows) == 1:
            del sums[label]
    if classes > 100:
        expected = sum(abs(a - b) for a in sums.values() for b in sums.values()) / len(sums)
    else:
        expected = sum(abs(e) for e in sums.values())
    assert score(model, batch, "epe-nas").value == pytest.approx(expected, rel=1e-7)


def test_one_image_a_class_says_nothing(digits):
    found = score(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 10)), digits, "epe-nas")
    assert "all of different classes: take a larger batch" in found.reason


@pytest.mark.parametrize("slope", [0.1, 1 / 3, 12345.678])
def test_an_image_whose_jacobian_is_constant(slope, double16):
    """A row of equal numbers has no correlations, although its mean differs from them in the last bit."""

    class Sum(torch.nn.Module):
        def forward(self, x):
            return slope * x.flatten(1).sum(dim=1, keepdim=True).expand(-1, 10) / 10

    for proxy in ("jacob-cov", "epe-nas"):
        assert "constant or not finite" in score(Sum(), double16, proxy).reason
