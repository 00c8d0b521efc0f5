import math
from fractions import Fraction

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


def deep(depth, bias, residual):
    torch.manual_seed(0)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.norm, self.pool = nn.Linear(4, 4, bias=bias), nn.LayerNorm(4), nn.Dropout(0.0)

        def forward(self, x):
            y = torch.relu(self.norm(self.layer(self.pool(x))))
            return torch.cat([x[:, :2] + y[:, :2], y[:, 2:]], dim=1) if residual else y

    blocks = [Block() for _ in range(depth)]
    for block in blocks:
        nn.init.normal_(block.layer.weight, std=100.0)
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=bias), *blocks, nn.Linear(4, 3, bias=bias))


def by_fractions(model, residual):
    """The same sums in whole fractions of any size, forward and backward by hand."""
    layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
    weights = [
        [[Fraction(abs(w)) for w in row] for row in layer.weight.detach().tolist()] for layer in layers
    ]
    none = torch.zeros(4)
    given = [none if layer.bias is None else layer.bias.detach() for layer in layers]
    biases = [[Fraction(abs(b)) for b in bias.tolist()] for bias in given]
    x, inputs = [Fraction(1)] * 4, []
    for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
        inputs.append(x)
        y = [sum(a * c for a, c in zip(row, x, strict=True)) + d for row, d in zip(w, b, strict=False)]
        skip = residual and 0 < k < len(weights) - 1
        x = [y[i] + x[i] if skip and i < 2 else y[i] for i in range(len(y))]
    g, total = [Fraction(1)] * 3, Fraction(0)
    for k in reversed(range(len(weights))):
        w = weights[k]
        total += sum(g[i] * w[i][j] * inputs[k][j] for i in range(len(w)) for j in range(len(w[0])))
        back = [sum(g[i] * w[i][j] for i in range(len(w))) for j in range(len(w[0]))]
        skip = residual and 0 < k < len(weights) - 1
        g = [back[j] + g[j] if skip and j < 2 else back[j] for j in range(4)]
    return math.log(total.numerator) - math.log(total.denominator)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("depth", [3, 300])
def test_depth_beyond_float64(depth, bias, residual):
    model = deep(depth, bias, residual).double()
    found = score(model, ONE_PIXEL, "synflow")
    assert found.value == pytest.approx(by_fractions(model, residual), rel=1e-9)
    assert len(found.layers) == depth + 2


def test_a_function_of_numbers_beyond_float64_is_refused():
    model = nn.Sequential(*deep(300, False, False)[:-1], nn.Softmax(dim=1), nn.Linear(4, 3)).double()
    assert "leaves the range of float64 in front of softmax" in score(model, ONE_PIXEL, "synflow").reason
