"""gradnorm, snip, plain and l2-norm against NumPy over gradients by `.backward()`."""

import numpy as np
import pytest
import torch
from torch import nn

from croze.scoring.score import score
from croze.testing.networks import SharedWeights, plain_cnn

FORMULAS = {
    "gradnorm": lambda w, g: np.sqrt((g**2).sum()),
    "snip": lambda w, g: np.abs(w * g).sum(),
    "plain": lambda w, g: (w * g).sum(),
    "l2-norm": lambda w, g: np.sqrt((w**2).sum()),
}


@pytest.mark.parametrize("network", ["plain_cnn", "resnet", "convnext", "group_norm", "mlp"])
@pytest.mark.parametrize("proxy", FORMULAS)
def test_sums_over_layers(proxy, network, double16, build, backward):
    model = build(network)
    expected = {
        layer: FORMULAS[proxy](*pair)
        for layer, pair in backward(model, double16.normalised(), double16.labels).items()
    }
    found = score(model, double16, proxy)
    assert found.value == pytest.approx(sum(expected.values()), rel=1e-9)
    for layer in found.layers:
        assert [*layer.terms.values()] == pytest.approx([expected[layer.layer]], rel=1e-9, abs=1e-14)


def test_what_batchnorm_follows_adds_nothing_to_plain(double16, build):
    *inner, last = score(build("resnet"), double16, "plain").layers
    assert max(abs(layer.terms["sum"]) for layer in inner) < 1e-4 * abs(last.terms["sum"])


def test_a_shared_weight_has_one_norm(digits16):
    assert [layer.layer for layer in score(SharedWeights(), digits16, "l2-norm").layers] == [
        "stem",
        "first",
        "head",
    ]


def test_computed_weights_have_a_norm_each(digits16):
    wide = [nn.utils.parametrizations.weight_norm(nn.Linear(8, 8)) for _ in range(6)]
    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 8), *wide, nn.Linear(8, 10))
    found = score(model, digits16, "l2-norm")
    assert len(found.layers) == 8
    layers = [m for m in model if isinstance(m, nn.Linear)]
    assert found.value == pytest.approx(sum(float(m.weight.detach().norm()) for m in layers), rel=1e-6)


def test_computed_weights_count_as_they_are(digits16):
    model = plain_cnn()
    expected = score(model, digits16, "snip")
    nn.utils.parametrizations.weight_norm(model[2])
    found = score(model, digits16, "snip")
    assert [layer.layer for layer in found.layers] == ["0", "2 (computed)", "6"]
    assert found.value == pytest.approx(expected.value, rel=1e-5)
    assert not found.notes


def test_the_norm_is_of_the_weights_as_they_are(digits16):
    model = plain_cnn()
    before = score(model, digits16, "l2-norm").value
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= -3
    assert score(model, digits16, "l2-norm").value == pytest.approx(3 * before, rel=1e-6)


@pytest.mark.parametrize("proxy", ["snip", "gradnorm", "plain", "grasp", "fisher", "croze-positional"])
def test_gradients_that_are_zero_throughout_are_said(proxy, digits16):
    model = plain_cnn()
    nn.init.zeros_(model[6].weight)
    notes = score(model, digits16, proxy).notes
    assert "the gradient is zero throughout in 2 of 3 layers: 0, 2" in notes
    assert not score(plain_cnn(), digits16, proxy).notes
