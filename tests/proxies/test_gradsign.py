from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from croze.scoring.score import score


@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "group_norm", "mlp"])
def test_signs_image_by_image(network, double16, build, backward, image_by_image):
    model, x = build(network), double16.normalised()
    frozen = image_by_image(model, x)
    signs = {}
    for n in range(len(double16)):
        for layer, (_, g) in backward(frozen, x[n : n + 1], double16.labels[n : n + 1], train=False).items():
            signs.setdefault(layer, []).append(np.where(g > 0, 1, np.where(g < 0, -1, 0)))
    expected = sum(np.abs(np.sum(s, axis=0)).sum() for s in signs.values())
    assert score(model, double16, "gradsign").value == expected


def test_one_image_agrees_with_itself(digits, build):
    one = replace(digits, images=digits.images[:1], labels=digits.labels[:1])
    model = build("mlp")
    found = score(model, one, "gradsign").value
    assert 0 < found <= sum(m.numel() for m in model.parameters() if m.ndim == 2)


def test_batchnorm_over_one_value_of_an_image(digits):
    """As at the end of common networks on images of 32x32: of a single image there are no statistics."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.AdaptiveAvgPool2d(1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4, 10),
    )
    assert score(model, digits, "gradsign").value > 0


@pytest.mark.parametrize("proxy", ["jacob-cov", "ntk", "epe-nas"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_normalised_and_pooled_logits_are_no_rounding_noise(proxy, dtype, digits16):
    """Their sum over the batch is constant; those of an image by itself are not."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, 10),
    ).to(dtype)  # fmt: skip
    found = score(model, digits16.to(dtype), proxy)
    other = score(model.double(), digits16.to(torch.float64), proxy)
    assert found.value == pytest.approx(other.value, rel=1e-2)
