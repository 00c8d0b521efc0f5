import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croze.perturb import PERTURBATIONS
from croze.perturb.base import NORMS, Ball, sizes
from croze.perturb.inputs import FGSM, PGD

SEEDS = st.integers(0, 10_000)
EPSILONS = st.floats(0.001, 5.0)
norms = pytest.mark.parametrize("norm", NORMS)


def some(seed, scale=1.0, dtype=torch.float64):
    return scale * torch.randn(3, 3, 4, 4, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def inside(seed):
    return torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@norms
@given(SEEDS, SEEDS, EPSILONS, st.booleans())
def test_projection(norm, one, two, epsilon, bounded):
    ball = Ball(epsilon, *((0.0, 1.0) if bounded else (None, None)), norm=norm)
    centre, x = inside(one), some(two)
    found = ball.project(x, centre)
    assert sizes(found - centre, norm).max() <= epsilon * (1 + 1e-9)
    if bounded:
        assert 0 <= found.min() <= found.max() <= 1
    assert torch.allclose(ball.project(found, centre), found), "projecting twice is another thing"
    kept = centre + (ball.clamp(x) - centre) * (0.99 * epsilon / sizes(x - centre, norm).max()).clamp_max(1)
    assert torch.allclose(ball.project(ball.clamp(kept), centre), ball.clamp(kept)), "a point inside moves"


@norms
@given(SEEDS, EPSILONS)
def test_without_bounds_no_point_of_the_ball_is_nearer(norm, seed, epsilon):
    ball, centre, x = Ball(epsilon, norm=norm), inside(seed), some(seed + 1)
    nearest = sizes(x - ball.project(x, centre), "l2")
    other = ball.uniform(centre, torch.Generator().manual_seed(seed))
    assert (nearest <= sizes(x - other, "l2") + 1e-9).all()


@norms
@given(SEEDS, EPSILONS, st.floats(1e-30, 1e20))
def test_a_step_has_its_size_whatever_the_gradients(norm, seed, size, scale):
    x, gradient = some(seed), some(seed + 1)
    up = Ball(1.0, norm=norm).step(x, scale * gradient, size) - x
    assert torch.allclose(sizes(up, norm), torch.full((3,), size, dtype=torch.float64))
    assert ((up * gradient).flatten(1).sum(1) > 0).all()
    down = Ball(1.0, ascend=False, norm=norm).step(x, scale * gradient, size) - x
    assert torch.allclose(down, -up)
    assert torch.equal(Ball(1.0, norm=norm).step(x, torch.zeros_like(x), size), x)


@norms
@given(SEEDS, EPSILONS)
def test_uniform_points_lie_in_the_ball(norm, seed, epsilon):
    centre = inside(seed)
    ball = Ball(epsilon, 0.0, 1.0, norm=norm)
    found = ball.uniform(centre, torch.Generator().manual_seed(seed))
    assert sizes(found - centre, norm).max() <= epsilon * (1 + 1e-6)
    assert 0 <= found.min() <= found.max() <= 1
    assert torch.equal(found, ball.uniform(centre, torch.Generator().manual_seed(seed)))


@norms
def test_uniform_points_fill_the_ball_evenly(norm):
    centre = torch.zeros(4000, 1, 1, 3, dtype=torch.float64)
    found = Ball(2.0, norm=norm).uniform(centre, torch.Generator().manual_seed(0))
    # of a uniform point in three dimensions the cube of the relative radius is uniform
    volumes = (sizes(found, norm) / 2) ** 3
    for share in (0.1, 0.5, 0.9):
        assert abs((volumes < share).double().mean() - share) < 0.03
    assert found.mean(0).abs().max() < 0.05


@norms
def test_tiny_float32_gradients_have_a_direction(norm):
    gradient = some(0, 1e-30, torch.float32)
    step = Ball(1.0, norm=norm).step(torch.zeros_like(gradient), gradient, 1.0)
    assert torch.allclose(sizes(step, norm), torch.ones(3))


def test_fgsm_and_pgd_in_l2():
    x, direction = some(0), some(1)
    unit = direction / direction.flatten(1).norm(dim=1)[:, None, None, None]
    ball, generator = Ball(0.3, norm="l2"), torch.Generator()
    assert torch.allclose(FGSM()(x, lambda _: direction, ball, generator), x + 0.3 * unit)
    found = PGD(steps=60)(x, lambda _: direction, ball, generator)
    assert torch.allclose(found, x + 0.3 * unit, atol=1e-3), (
        "a linear loss is highest where its gradient points"
    )
    inner = PGD(steps=1, relative_step=0.5, random_start=False)(x, lambda _: direction, ball, generator)
    assert torch.allclose(inner, x + 0.15 * unit)


def test_every_gradient_perturbation_takes_l2():
    for name in ("fgsm", "pgd"):
        moved = PERTURBATIONS[name](some(0), lambda x: x, Ball(0.5, norm="l2"), torch.Generator())
        assert sizes(moved - some(0), "l2").max() <= 0.5 + 1e-9
