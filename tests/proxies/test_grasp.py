"""grasp against Hessian-vector products by torch.func, and against differences of the gradient."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vjp
from torch.nn import functional

from croze.scoring.score import score


def layer_weights(model):
    return {
        f"{name}.weight": m.weight.detach().clone()
        for name, m in model.named_modules()
        if isinstance(m, nn.Conv2d | nn.Linear)
    }


def loss_of(model, batch):
    x = batch.normalised()
    return lambda w: functional.cross_entropy(functional_call(model, w, (x.clone(),)), batch.labels)


@pytest.mark.parametrize("network", ["plain_cnn", "convnext", "mlp"])
def test_hessian_vector_product(network, double16, build):
    model = build(network)
    weights = layer_weights(model)
    gradient = grad(loss_of(model, double16))
    g, product = vjp(gradient, weights)
    (hg,) = product(g)
    assert g.keys() == hg.keys()
    expected = -sum(float((weights[n] * hg[n].detach()).sum()) for n in weights)
    assert score(model, double16, "grasp").value == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "group_norm"])
def test_difference_of_the_gradient(network, double16, build, backward):
    model = build(network)

    def gradients():
        return {n: torch.from_numpy(g) for n, (_, g) in backward(model, x, double16.labels).items()}

    def move(step):
        with torch.no_grad():
            for name, direction in g.items():
                model.get_submodule(name).weight += step * direction

    x, h = double16.normalised(), 1e-6
    g = gradients()
    weights = {n: model.get_submodule(n).weight.detach().clone() for n in g}
    found = score(model, double16, "grasp")
    move(h)
    ahead = gradients()
    move(-2 * h)
    behind = gradients()
    expected = {n: -float((weights[n] * (ahead[n] - behind[n])).sum()) / (2 * h) for n in g}
    assert found.value == pytest.approx(sum(expected.values()), rel=1e-4)
    for layer in found.layers:
        assert layer.terms["sum"] == pytest.approx(expected[layer.layer], rel=1e-3, abs=1e-5)


def test_attention_without_dropout(digits16):
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(3, 8, 8, stride=8)
            self.block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
            self.head = nn.Linear(8, 10)

        def forward(self, x):
            return self.head(self.block(self.patches(x).flatten(2).transpose(1, 2)).mean(dim=1))

    assert score(Tokens(), digits16, "grasp").ok


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return 2 * gradient


def test_a_function_without_a_second_derivative_is_named(digits16):
    class Layer(nn.Module):
        def forward(self, x):
            return Once.apply(x)

    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 8), Layer(), nn.Linear(8, 10))
    assert "an operation without a second derivative" in score(model, digits16, "grasp").reason
    assert score(model, digits16, "snip").ok
