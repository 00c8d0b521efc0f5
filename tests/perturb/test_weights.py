import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.perturb.weights import layerwise_step, released_step

WEIGHT = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
GRADIENT = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@given(st.floats(0, 10), st.floats(1e-12, 1e12))
def test_equation_3(beta, scale):
    step = layerwise_step(WEIGHT, GRADIENT * scale, beta) - WEIGHT
    assert torch.allclose(step.norm(), beta * WEIGHT.norm())
    expected = beta * GRADIENT / GRADIENT.norm() * WEIGHT.norm()
    assert torch.allclose(step, expected, atol=1e-9)
    assert torch.allclose(released_step(WEIGHT, GRADIENT * scale, beta) - WEIGHT, expected, atol=1e-9)


def test_no_gradient_no_step():
    for step in (layerwise_step, released_step):
        assert torch.equal(step(WEIGHT, torch.zeros_like(WEIGHT), 2.0), WEIGHT)
