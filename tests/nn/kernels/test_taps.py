import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional

from croze.nn.kernels import layout
from croze.nn.kernels.taps import tapped


def drawn(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 4),
)
def test_any_convolution_by_channels(images, channels, height, width, kernel, stride, dilation, padding):
    reach = dilation * (kernel - 1)
    assume(padding <= reach and min(height, width) + 2 * padding > reach)
    x, weight = drawn(images, channels, height, width, seed=0), drawn(channels, 1, kernel, kernel, seed=1)

    def results(convolve):
        a, b = x.clone().requires_grad_(True), weight.clone().requires_grad_(True)
        y = convolve(a, b)
        return [y.detach(), *torch.autograd.grad(y, (a, b), drawn(*y.shape, seed=2))]

    mine = results(lambda a, b: tapped(a, b, stride, padding, dilation))
    plain = results(
        lambda a, b: functional.conv2d(
            a, b, stride=stride, padding=padding, dilation=dilation, groups=channels
        )
    )
    for ours, theirs in zip(mine, plain, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_its_gradients_are_right_twice_and_in_chunks(monkeypatch):
    monkeypatch.setattr(layout, "ELEMENTS", 2 * 3 * 5 * 4)
    x, weight = drawn(3, 3, 5, 4, seed=0).requires_grad_(True), drawn(3, 1, 3, 3, seed=1).requires_grad_(True)
    for stride, dilation in ((1, 1), (2, 1), (1, 2)):
        assert gradcheck(lambda a, b: tapped(a, b, stride, dilation, dilation), (x, weight))  # noqa: B023
        assert gradgradcheck(lambda a, b: tapped(a, b, stride, dilation, dilation), (x, weight))  # noqa: B023
