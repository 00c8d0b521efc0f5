"""A tiny network of each family, in plain modules, for the rewrites: images (N, 3, 16, 16) to 10 classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Self-attention of tokens `(N, L, C)` by two linear layers."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        n, length, channels = x.shape
        qkv = self.qkv(x).reshape(n, length, 3, self.heads, channels // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) / (channels // self.heads) ** 0.5).softmax(dim=-1)
        mixed: Tensor = self.out((weights @ v).transpose(1, 2).reshape(n, length, channels))
        return mixed


class Residual(nn.Module):
    """`x + body(x)`."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        y: Tensor = x + self.body(x)
        return y


class Permuted(nn.Module):
    """A module on a tensor whose dimensions stand in another order."""

    def __init__(self, order: tuple[int, ...], *inner: nn.Module) -> None:
        super().__init__()
        self.order = order
        self.back = tuple(order.index(d) for d in range(len(order)))
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Tensor) -> Tensor:
        """What the module gives, in the order of before."""
        y: Tensor = self.inner(x.permute(self.order)).permute(self.back)
        return y


class Tokens(nn.Module):
    """`(N, C, H, W)` to `(N, H * W, C)`, with a learned position."""

    def __init__(self, length: int, channels: int) -> None:
        super().__init__()
        self.position = nn.Parameter(0.1 * torch.randn(1, length, channels))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, H * W, C)`."""
        return x.flatten(2).transpose(1, 2) + self.position


class Mean(nn.Module):
    """The mean over tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C)`."""
        return x.mean(dim=1)


class Windows(nn.Module):
    """A module on square windows of `(N, H, W, C)`, which are rows of its batch, perhaps shifted."""

    def __init__(self, side: int, shift: int, inner: nn.Module) -> None:
        super().__init__()
        self.side, self.shift, self.inner = side, shift, inner

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        x = torch.roll(x, (-self.shift, -self.shift), (1, 2)) if self.shift else x
        n, h, w, c = x.shape
        side = self.side
        rows = x.view(n, h // side, side, w // side, side, c).permute(0, 1, 3, 2, 4, 5)
        y = self.inner(rows.reshape(-1, side * side, c))
        y = y.view(n, h // side, w // side, side, side, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        moved: Tensor = torch.roll(y, (self.shift, self.shift), (1, 2)) if self.shift else y
        return moved


class SqueezeExcite(nn.Module):
    """A gate a channel."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.pool, self.down, self.act = nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, inner, 1), nn.SiLU()
        self.up, self.gate = nn.Conv2d(inner, channels, 1), nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        gated: Tensor = x * self.gate(self.up(self.act(self.down(self.pool(x)))))
        return gated


class Scale(nn.Module):
    """A learned scale a channel, as ConvNeXt's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(0.5 + torch.rand(channels))

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return x * self.gamma


def _unit(inputs: int, outputs: int, kernel: int = 3, **settings: Any) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False, **settings)
    return [conv, nn.BatchNorm2d(outputs)]


def _head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]


def _mlp(channels: int) -> list[nn.Module]:
    return [nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels)]


def cnn() -> nn.Sequential:
    """Convolutions with bias, one of them pointwise."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(8, 8, 1), nn.ReLU(), *_head(8),
    )  # fmt: skip


def resnet() -> nn.Sequential:
    """Residual blocks with BatchNorm."""
    blocks = [
        nn.Sequential(Residual(*_unit(6, 6), nn.ReLU(), *_unit(6, 6)), nn.ReLU()),
        nn.AvgPool2d(2),
        nn.Sequential(Residual(*_unit(6, 6), nn.ReLU(), *_unit(6, 6)), nn.ReLU()),
    ]
    return nn.Sequential(*_unit(3, 6), nn.ReLU(), *blocks, *_head(6))


def mobilenet() -> nn.Sequential:
    """An inverted residual with squeeze and excitation."""
    body = [*_unit(6, 12, 1), nn.ReLU6(), *_unit(12, 12, groups=12), nn.Hardswish(), SqueezeExcite(12, 4)]
    block = Residual(*body, *_unit(12, 6, 1))
    return nn.Sequential(
        *_unit(3, 6, stride=2), nn.Hardswish(), block, *_unit(6, 10, 1), nn.ReLU6(), *_head(10)
    )


def convnext() -> nn.Sequential:
    """A patch embedding, a depthwise convolution, LayerNorm, pointwise linear layers and a scale."""
    depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
    block = Residual(depthwise, Permuted((0, 2, 3, 1), nn.LayerNorm(8), *_mlp(8), Scale(8)))
    return nn.Sequential(nn.Conv2d(3, 8, 2, 2), Permuted((0, 2, 3, 1), nn.LayerNorm(8)), block, *_head(8))


def vit() -> nn.Sequential:
    """Attention on patches of 4x4."""
    block = [Residual(nn.LayerNorm(8), Attention(8, 2)), Residual(nn.LayerNorm(8), *_mlp(8))]
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, 4), Tokens(16, 8), *block, nn.LayerNorm(8), Mean(), nn.Linear(8, 10)
    )


def swin() -> nn.Sequential:
    """Attention within windows that are rows of the batch, plain and shifted."""
    blocks = []
    for shift in (0, 1):
        blocks += [
            Residual(nn.LayerNorm(8), Windows(2, shift, Attention(8, 2))),
            Residual(nn.LayerNorm(8), *_mlp(8)),
        ]
    return nn.Sequential(nn.Conv2d(3, 8, 4, 4), Permuted((0, 2, 3, 1), *blocks, nn.LayerNorm(8)), *_head(8))


def mixer() -> nn.Sequential:
    """Linear layers over tokens and over channels in turn."""
    tokens = Residual(nn.LayerNorm(8), Permuted((0, 2, 1), nn.Linear(16, 12), nn.GELU(), nn.Linear(12, 16)))
    channels = Residual(nn.LayerNorm(8), *_mlp(8))
    embed = [nn.Conv2d(3, 8, 4, 4), Tokens(16, 8)]
    return nn.Sequential(*embed, tokens, channels, nn.LayerNorm(8), Mean(), nn.Linear(8, 10))


FAMILIES: Mapping[str, Callable[[], nn.Sequential]] = {
    "cnn": cnn,
    "resnet": resnet,
    "mobilenet": mobilenet,
    "convnext": convnext,
    "vit": vit,
    "swin": swin,
    "mixer": mixer,
}
"""Every family by name."""
