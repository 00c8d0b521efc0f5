import pytest
import torch
from torch.nn import functional

from croze.nn.kernels.average_pool import average_pool


@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (2, 3, 16, 16), (3, 5, 7, 20)])
def test_mean_of_the_neighbours_and_its_gradients(shape):
    generator = torch.Generator().manual_seed(0)
    x, direction = (
        torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last) for _ in "ab"
    )

    def results(pool, x, direction):
        x = x.detach().requires_grad_(True)
        y = pool(x.exp())
        (gradient,) = torch.autograd.grad(y, x, direction, create_graph=True)
        return y.detach(), gradient.detach(), torch.autograd.grad(gradient.square().sum(), x)[0]

    def plain(x):
        return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)

    for mine, exact in zip(
        results(average_pool, x, direction), results(plain, x.double(), direction.double()), strict=True
    ):
        assert torch.allclose(mine.double(), exact, rtol=1e-5, atol=1e-5)


def test_whatever_the_default_type_is():
    x = torch.randn(1, 4, 11, 13).contiguous(memory_format=torch.channels_last)
    torch.set_default_dtype(torch.float64)
    try:
        assert average_pool(x).dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.inference_mode():
        average_pool(x[:, :3, :9].contiguous(memory_format=torch.channels_last))
    late = x[:, :3, :9].contiguous(memory_format=torch.channels_last).requires_grad_(True)
    average_pool(late).sum().backward()
    assert late.grad is not None
