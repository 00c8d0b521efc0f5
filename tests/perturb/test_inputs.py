import pytest
import torch

from croze.errors import CrozeError
from croze.perturb import PERTURBATIONS, find_perturbation
from croze.perturb.base import Ball
from croze.perturb.inputs import PGD

X = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 0.5
DIRECTION = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(2))


def linear(x):
    """The gradient of a loss that is linear in x."""
    return DIRECTION


def run(name, ball, gradient=linear, seed=0):
    return find_perturbation(name)(X, gradient, ball, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_contract(name):
    before = X.clone()
    state = torch.get_rng_state()
    moved = run(name, Ball(0.1))
    assert moved.shape == X.shape
    assert torch.equal(X, before), "the inputs are changed in place"
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(moved, run(name, Ball(0.1)))
    assert torch.equal(run(name, Ball(0.0)), X), "a size of zero moves the inputs"
    clamped = run(name, Ball(0.1, low=0.0, high=1.0))
    if name != "none":
        assert clamped.min() >= 0
        assert clamped.max() <= 1
        assert not torch.equal(moved, X)
    if name in ("fgsm", "pgd", "uniform"):
        assert (moved - X).abs().max() <= 0.1 + 1e-6
    assert find_perturbation(name)(X.double(), linear, Ball(0.1), torch.Generator()).dtype == torch.float64


def test_fgsm_is_the_sign_of_the_gradient():
    assert torch.allclose(run("fgsm", Ball(0.3)), X + 0.3 * DIRECTION.sign())
    assert torch.allclose(run("fgsm", Ball(0.3, ascend=False)), X - 0.3 * DIRECTION.sign())


def test_pgd_reaches_the_corner_that_a_linear_loss_asks_for():
    eight = PGD(steps=8)(X, linear, Ball(0.3), torch.Generator())
    assert torch.allclose(eight, X + 0.3 * DIRECTION.sign()), "eight quarter steps cross the ball"
    one_step = PGD(steps=1, relative_step=0.5, random_start=False)(X, linear, Ball(0.3), torch.Generator())
    assert torch.allclose(one_step, X + 0.15 * DIRECTION.sign())


def test_pgd_follows_the_gradient_where_it_turns():
    centre = X + 0.05

    def towards(x):
        return centre - x

    found = PGD(steps=100, relative_step=0.02, random_start=True)(X, towards, Ball(0.1), torch.Generator())
    assert (found - centre).abs().max() < 0.01


def test_noise_has_its_size_and_follows_the_seed():
    gaussian, uniform = run("gaussian", Ball(0.2)) - X, run("uniform", Ball(0.2)) - X
    assert abs(gaussian.std().item() - 0.2) < 0.02
    assert abs(uniform.std().item() - 0.2 / 3**0.5) < 0.01
    assert not torch.equal(run("gaussian", Ball(0.2), seed=1), X + gaussian)


def test_unknown_names_are_listed():
    with pytest.raises(CrozeError, match="fgsm, pgd, gaussian, uniform, none"):
        find_perturbation("fog")
