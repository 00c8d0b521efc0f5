import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.perturb.weights import layerwise_steps, released_step

WEIGHT = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
GRADIENT = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def stepped(weight, gradient, beta):
    return layerwise_steps({"layer": weight}, {"layer": gradient}, beta)["layer"]


@given(st.floats(0, 10), st.floats(1e-12, 1e12))
def test_equation_3(beta, scale):
    step = stepped(WEIGHT, GRADIENT * scale, beta) - WEIGHT
    assert torch.allclose(step.norm(), beta * WEIGHT.norm())
    expected = beta * GRADIENT / GRADIENT.norm() * WEIGHT.norm()
    assert torch.allclose(step, expected, atol=1e-9)
    assert torch.allclose(released_step(WEIGHT, GRADIENT * scale, beta) - WEIGHT, expected, atol=1e-9)


def test_no_gradient_no_step():
    for step in (stepped, released_step):
        assert torch.equal(step(WEIGHT, torch.zeros_like(WEIGHT), 2.0), WEIGHT)


def test_every_layer_steps_by_its_own_norm():
    weights = {"a": WEIGHT, "b": 3 * WEIGHT[:2], "c": WEIGHT[0]}
    gradients = {"b": GRADIENT[:2], "a": 1e-9 * GRADIENT, "c": torch.zeros_like(WEIGHT[0])}
    found = layerwise_steps(weights | {"none": WEIGHT}, gradients, 2.0)
    assert list(found) == ["a", "b", "c", "none"]
    for layer in "abc":
        assert torch.equal(found[layer], stepped(weights[layer], gradients[layer], 2.0))
    assert torch.equal(found["none"], WEIGHT)
    assert found["none"] is not WEIGHT
