import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from croze.nn.kernels import layout
from croze.nn.kernels.depthwise import depthwise, gains, knows

KNOWN = [
    (kernel, stride, dilation)
    for kernel in (3, 5, 7)
    for stride in (1, 2)
    for dilation in (1, 2)
    if knows(kernel, stride, dilation * (kernel // 2), dilation)
]


def drawn(*shape, seed=0, dtype=torch.float32):
    made = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return made.contiguous(memory_format=torch.channels_last)


def results(convolve, x, weight, direction):
    """The output, both gradients, and the gradients of a function of the gradients."""
    x, weight = x.detach().requires_grad_(True), weight.detach().requires_grad_(True)
    y = convolve(x, weight)
    first = torch.autograd.grad(y, (x, weight), direction, create_graph=True)
    bent = sum((g * g).sum() for g in first)
    return [y.detach(), *(g.detach() for g in first), *torch.autograd.grad(bent, (x, weight))]


def assert_like_torch(kernel, stride, dilation, images, channels, height, width):
    x, weight = drawn(images, channels, height, width), drawn(channels, 1, kernel, kernel, seed=1)
    direction = drawn(images, channels, height // stride, width // stride, seed=2)

    def plain(x, weight):
        padding = dilation * (kernel // 2)
        return functional.conv2d(
            x, weight, stride=stride, padding=padding, dilation=dilation, groups=channels
        )

    mine = results(lambda x, w: depthwise(x, w, dilation=dilation, stride=stride), x, weight, direction)
    exact = results(plain, x.double(), weight.double(), direction.double())
    for ours, theirs in zip(mine, exact, strict=True):
        assert ours.shape == theirs.shape
        scale = float(theirs.abs().max())
        assert torch.allclose(ours.double(), theirs, rtol=0.0, atol=2e-5 * scale + 1e-6)


@pytest.mark.parametrize(("kernel", "stride", "dilation"), KNOWN)
@pytest.mark.parametrize("shape", [(3, 5, 16, 16), (2, 16, 32, 20), (1, 2, 4, 6)])
def test_values_and_gradients_are_those_of_the_plain_convolution(kernel, stride, dilation, shape):
    assert_like_torch(kernel, stride, dilation, *shape)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(KNOWN),
    st.integers(1, 5),
    st.integers(2, 9),
    st.integers(1, 12).map(lambda n: 2 * n),
    st.integers(1, 12).map(lambda n: 2 * n),
)
def test_any_even_size_will_do(settings, images, channels, height, width):
    assert_like_torch(*settings, images, channels, height, width)


def test_a_batch_in_chunks_gives_the_same(monkeypatch):
    monkeypatch.setattr(layout, "ELEMENTS", 2 * 4 * 16 * 16)
    assert_like_torch(5, 1, 1, 5, 4, 16, 16)
    assert_like_torch(7, 1, 2, 3, 4, 32, 32)


@pytest.mark.parametrize("odd", [(2, 4, 15, 16), (2, 4, 16, 15)])
def test_phases_need_even_maps(odd):
    assert not gains(drawn(*odd), 3, 2)
    assert gains(drawn(2, 4, 16, 16), 3, 2)


@pytest.mark.parametrize("settings", [(3, 1, 1, 1), (4, 1, 2, 1), (3, 1, 0, 2), (5, 3, 4, 2), (9, 1, 4, 1)])
def test_others_are_left_to_torch(settings):
    assert not knows(*settings)
