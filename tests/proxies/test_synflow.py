import math

import pytest
import torch
from torch import nn

from croze.scoring.score import score
from croze.types import Batch

ONE_PIXEL = Batch(torch.rand(3, 2, 1, 2), torch.tensor([0, 1, 0]), 3, (0.5, 0.5), (0.2, 0.2))


def two_layers(bias=True):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 5, bias=bias), nn.ReLU(), nn.Linear(5, 3, bias=bias))


def test_two_layers_by_hand():
    model = two_layers()
    w1, b1, w2, _ = (p.detach().double().abs() for p in model.parameters())
    through_first = (w2 @ (w1 @ torch.ones(4).double())).sum()
    through_second = (w2 @ (w1 @ torch.ones(4).double() + b1)).sum()
    found = score(model, ONE_PIXEL, "synflow")
    assert found.value == pytest.approx(math.log(through_first + through_second), rel=1e-12)
    assert [layer.terms["log flow"] for layer in found.layers] == pytest.approx(
        [math.log(through_first), math.log(through_second)]
    )


def test_without_biases_every_layer_carries_the_same_flow():
    first, second = score(two_layers(bias=False), ONE_PIXEL, "synflow").layers
    assert first.terms["log flow"] == pytest.approx(second.terms["log flow"], rel=1e-12)


def test_signs_and_shifts_of_scale_between_layers_change_nothing():
    model = two_layers(bias=False)
    expected = score(model, ONE_PIXEL, "synflow").value
    with torch.no_grad():
        model[1].weight *= -8
        model[3].weight /= 8
    assert score(model, ONE_PIXEL, "synflow").value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(5), nn.LayerNorm(5), nn.GroupNorm(1, 5), nn.RMSNorm(5)])
def test_normalisation_is_taken_out_wherever_it_stands(norm):
    plain = two_layers()
    nn.init.constant_(norm.weight, 7.0)
    twice = nn.Sequential(plain[0], plain[1], norm, plain[2], norm, plain[3])
    assert score(twice, ONE_PIXEL, "synflow").value == score(plain, ONE_PIXEL, "synflow").value


def test_depth_beyond_float32(digits):
    deep = nn.Sequential(nn.Flatten(), nn.Linear(3072, 64), *(nn.Linear(64, 64) for _ in range(60)))
    for layer in deep[1:]:
        nn.init.normal_(layer.weight)
    assert score(nn.Sequential(deep, nn.Linear(64, 10)), digits, "synflow").value > math.log(3.4e38)
