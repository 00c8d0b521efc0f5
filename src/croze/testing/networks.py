"""Small classifiers of every kind in plain torch, for tests: images (N, 3, 32, 32) to 10 classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional


def plain_cnn() -> nn.Module:
    """Convolutions without normalisation, in-place ReLU."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        y += x  # works in place on a recorded output
        return functional.relu(y)


def resnet() -> nn.Module:
    """Residual blocks with BatchNorm and an in-place addition."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        _Residual(8),
        nn.AvgPool2d(4),
        _Residual(8),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )


class _SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, 4, 1),
            nn.SiLU(),
            nn.Conv2d(4, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        gate: Tensor = self.gate(x)
        return x * gate


def mobilenet() -> nn.Module:
    """Depthwise convolutions, squeeze and excitation, dropout."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.Hardswish(),
        nn.Conv2d(8, 24, 1, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU6(),
        nn.Conv2d(24, 24, 3, padding=1, groups=24, bias=False),
        nn.BatchNorm2d(24),
        _SqueezeExcite(24),
        nn.Conv2d(24, 16, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(16, 10),
    )


class _ConvNeXtBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.up = nn.Linear(channels, 4 * channels)
        self.down = nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.down(functional.gelu(self.up(y)))
        scaled: Tensor = self.scale * y
        return x + scaled.permute(0, 3, 1, 2)


def convnext() -> nn.Module:
    """LayerNorm, pointwise linear layers, a residual scale that starts at zero."""
    return nn.Sequential(
        nn.Conv2d(3, 12, 4, stride=4),
        _ConvNeXtBlock(12),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 10),
    )


class ViT(nn.Module):
    """Attention; no convolution but the patch embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 8, stride=8)
        self.position = nn.Parameter(torch.randn(1, 16, 16) * 0.02)
        self.block = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True, norm_first=True)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.position
        logits: Tensor = self.head(self.block(tokens).mean(dim=1))
        return logits


def mlp() -> nn.Module:
    """Linear layers only."""
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 32), nn.ReLU(), nn.Linear(32, 10))


class SharedWeights(nn.Module):
    """A frozen layer, one that runs twice, two that share a weight, an integer buffer; returns a tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("steps", torch.tensor(2))
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.first = nn.Conv2d(8, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.second.weight = self.first.weight
        self.head = nn.Linear(8, 10)
        self.stem.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = functional.relu(self.first(self.stem(x)))
        y = functional.relu(self.second(self.first(y)))
        pooled = y.mean(dim=(2, 3))
        return self.head(pooled), pooled


class Fusion(nn.Module):
    """Paths weighted by a rectified parameter, ReLU and pooling as functions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.paths = nn.ModuleList(nn.Conv2d(8, 8, kernel, padding=kernel // 2) for kernel in (1, 3))
        self.shares = nn.Parameter(torch.tensor([1.0, 0.5]))
        self.head = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.stem(x))
        shares = functional.relu(self.shares)  # a rectifier that sees no images
        x = sum(share * path(x) for share, path in zip(shares, self.paths, strict=True)) / shares.sum()
        logits: Tensor = self.head(functional.relu(x).mean(dim=(2, 3)))
        return logits


class DictOutput(nn.Module):
    """Returns a mapping with `logits`."""

    def __init__(self) -> None:
        super().__init__()
        self.net = plain_cnn()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"logits": self.net(x), "aux": x.mean()}


class LeNet(nn.Module):
    """`view` on a feature map, work in place on the input, a submodule that is called `stages`."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(nn.Conv2d(3, 6, 5), nn.AvgPool2d(4), nn.Sigmoid())
        self.head = nn.Linear(6 * 7 * 7, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.mul_(0.5)  # works in place on the input
        y: Tensor = self.head(self.stages(x).view(x.size(0), -1))
        return y


class Counting(nn.Module):
    """Buffers that every forward pass changes, spectral and weight normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Tensor
        self.register_buffer("calls", torch.zeros(()))
        self.net = plain_cnn()
        nn.utils.spectral_norm(self.net.get_submodule("2"))
        nn.utils.parametrizations.weight_norm(self.net.get_submodule("6"))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        logits: Tensor = self.net(x)
        return logits * self.calls


def group_norm() -> nn.Module:
    """Group, instance and RMS normalisation, grouped and dilated convolutions, other rectifiers."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding="same", padding_mode="circular"),
        nn.GroupNorm(2, 8),
        nn.PReLU(8),
        nn.Conv2d(8, 8, 3, stride=2, padding=2, dilation=2, groups=4, bias=False),
        nn.InstanceNorm2d(8, affine=True),
        nn.LeakyReLU(0.1, inplace=True),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(8, 12, 1),
        nn.ELU(inplace=True),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.RMSNorm(12),
        nn.Linear(12, 10),
    )


NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "plain_cnn": plain_cnn,
    "resnet": resnet,
    "mobilenet": mobilenet,
    "convnext": convnext,
    "vit": ViT,
    "mlp": mlp,
    "shared_weights": SharedWeights,
    "fusion": Fusion,
    "dict_output": DictOutput,
    "lenet": LeNet,
    "counting": Counting,
    "group_norm": group_norm,
}
"""Every kind by name."""
