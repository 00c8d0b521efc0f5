"""Ways to write a network once more: the same function with the same weights.

A rewrite takes a network and gives another, or None where it has nothing to rewrite; the network stays as it
is.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from croze.testing.families import Attention, Residual

Rewrite = Callable[[nn.Module], nn.Module | None]
Make = Callable[[Any], nn.Module | None]


def _each(kind: type[nn.Module], make: Make) -> Rewrite:
    """Every module of this very class exchanged for what `make` makes of it; where that is None it stays."""

    def rewrite(model: nn.Module) -> nn.Module | None:
        twin = copy.deepcopy(model)
        changed = 0
        for module in list(twin.modules()):
            for name, child in list(module._modules.items()):
                if type(child) is kind and (made := make(child)) is not None:
                    module._modules[name] = made
                    changed += 1
        return twin if changed else None

    return rewrite


class _Call(nn.Module):
    """A function of the input and of tensors that are parameters of this module."""

    def __init__(self, function: Callable[..., Tensor], **tensors: Tensor | None) -> None:
        super().__init__()
        self.function, self.names = function, tuple(tensors)
        for name, tensor in tensors.items():
            self.register_parameter(name, None if tensor is None else nn.Parameter(tensor.detach().clone()))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *(getattr(self, name) for name in self.names))


def _added(x: Tensor, bias: Tensor | None, dim: int) -> Tensor:
    return x if bias is None else x + bias.view([-1 if d == dim % x.ndim else 1 for d in range(x.ndim)])


# convolutions


def _conv_function(conv: nn.Conv2d) -> nn.Module:
    settings: Any = (conv.stride, conv.padding, conv.dilation, conv.groups)
    return _Call(lambda x, w, b: functional.conv2d(x, w, b, *settings), w=conv.weight, b=conv.bias)


def _conv_then_bias(conv: nn.Conv2d) -> nn.Module | None:
    if conv.bias is None:
        return None
    settings: Any = (conv.stride, conv.padding, conv.dilation, conv.groups)
    return _Call(
        lambda x, w, b: _added(torch.conv2d(x, w, None, *settings), b, 1), w=conv.weight, b=conv.bias
    )


def _transposed(conv: nn.Conv2d) -> nn.Module | None:
    side: Any = conv.kernel_size[0]
    if conv.groups > 1 or conv.stride != (1, 1) or conv.padding != (side // 2, side // 2):
        return None
    biased = conv.bias is not None
    found = nn.ConvTranspose2d(conv.in_channels, conv.out_channels, side, padding=side // 2, bias=biased)
    found.weight = nn.Parameter(conv.weight.detach().flip(2, 3).transpose(0, 1).contiguous())
    found.bias = conv.bias
    return found


class _In3d(nn.Module):
    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        padding: Any = conv.padding
        kernel: Any = (1, *conv.kernel_size)
        stride: Any = (1, *conv.stride)
        channels, biased = (conv.in_channels, conv.out_channels), conv.bias is not None
        self.conv = nn.Conv3d(*channels, kernel, stride, (0, *padding), groups=conv.groups, bias=biased)
        self.conv.weight = nn.Parameter(conv.weight.detach()[:, :, None].clone())
        self.conv.bias = conv.bias

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x[:, :, None]).squeeze(2)
        return y


def _pointwise(make: Make) -> Make:
    def of(conv: nn.Conv2d) -> nn.Module | None:
        return (
            make(conv) if conv.kernel_size == (1, 1) and conv.groups == 1 and conv.stride == (1, 1) else None
        )

    return of


class _AsLinear(nn.Module):
    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.layer = nn.Linear(conv.in_channels, conv.out_channels, bias=conv.bias is not None)
        self.layer.weight = nn.Parameter(conv.weight.detach().flatten(1).clone())
        self.layer.bias = conv.bias  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return y


class _As1d(nn.Module):
    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.layer = nn.Conv1d(conv.in_channels, conv.out_channels, 1, bias=conv.bias is not None)
        self.layer.weight = nn.Parameter(conv.weight.detach().flatten(2).clone())
        self.layer.bias = conv.bias

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x.flatten(2)).unflatten(2, x.shape[2:])
        return y


def _pointwise_einsum(conv: nn.Conv2d) -> nn.Module:
    return _Call(
        lambda x, w, b: _added(torch.einsum("oi,nihw->nohw", w, x), b, 1),
        w=conv.weight.flatten(1),
        b=conv.bias,
    )


class _Unfolded(nn.Module):
    """A convolution whose patches do not overlap as a linear layer; its weight is a view of a parameter."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias, self.side = conv.weight, conv.bias, conv.kernel_size[0]

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        side = self.side
        rows = x.view(n, c, h // side, side, w // side, side).permute(0, 2, 4, 1, 3, 5).flatten(3)
        y: Tensor = functional.linear(rows, self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)
        return y


def _patches(conv: nn.Conv2d) -> nn.Module | None:
    apart = conv.kernel_size == conv.stride and conv.padding == (0, 0) and conv.groups == 1
    return _Unfolded(conv) if apart and conv.kernel_size != (1, 1) else None


def _scripted(module: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found: nn.Module = torch.jit.script(module)
    return found


# linear layers


def _linear(function: Callable[[Tensor, Tensor, Tensor | None], Tensor]) -> Make:
    return lambda layer: _Call(function, w=layer.weight, b=layer.bias)


def _flat_addmm(x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
    assert b is not None
    return torch.addmm(b, x.reshape(-1, x.shape[-1]), w.t()).reshape(*x.shape[:-1], len(w))


def _linear_stored_transposed(layer: nn.Linear) -> nn.Module:
    return _Call(lambda x, w, b: _added(x @ w, b, -1), w=layer.weight.t(), b=layer.bias)


class _TokensAsRows(nn.Module):
    """A linear layer on tokens, each of which is a row of its batch."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x.flatten(0, -2)).unflatten(0, x.shape[:-1])
        return y


class _WindowsAsRows(nn.Module):
    """A linear layer on tokens, each half of which is a row of its batch."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 3:
            return self.layer(x)  # type: ignore[no-any-return]
        n, length, channels = x.shape
        y: Tensor = self.layer(x.reshape(2 * n, length // 2, channels))
        return y.reshape(n, length, -1)


# attention


class _Packed(nn.Module):
    """`nn.MultiheadAttention`, which holds bare parameters."""

    def __init__(self, old: Attention) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(
            old.out.in_features, old.heads, batch_first=True, dtype=old.out.weight.dtype
        )
        self.attention.in_proj_weight = nn.Parameter(old.qkv.weight.detach().clone())
        self.attention.in_proj_bias = nn.Parameter(old.qkv.bias.detach().clone())
        self.attention.out_proj.load_state_dict(old.out.state_dict())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return y


class _Separate(nn.Module):
    """Three layers in the place of one, and torch's fused attention."""

    def __init__(self, old: Attention) -> None:
        super().__init__()
        self.heads, self.out = old.heads, old.out
        parts = zip(old.qkv.weight.detach().chunk(3), old.qkv.bias.detach().chunk(3), strict=True)
        self.layers = nn.ModuleList()
        for weight, bias in parts:
            layer = nn.Linear(weight.shape[1], weight.shape[0])
            layer.weight, layer.bias = nn.Parameter(weight.clone()), nn.Parameter(bias.clone())
            self.layers.append(layer)

    def forward(self, x: Tensor) -> Tensor:
        n, length, channels = x.shape
        q, k, v = (layer(x).view(n, length, self.heads, -1).transpose(1, 2) for layer in self.layers)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        y: Tensor = self.out(mixed.transpose(1, 2).reshape(n, length, channels))
        return y


# normalisation


class _OwnBatchNorm(nn.Module):
    def __init__(self, old: nn.BatchNorm2d) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = old.weight, old.bias, old.eps
        self.mean: Tensor
        self.var: Tensor
        assert old.running_mean is not None
        assert old.running_var is not None
        self.register_buffer("mean", old.running_mean.clone())
        self.register_buffer("var", old.running_var.clone())

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
            with torch.no_grad():
                values = x.numel() / x.shape[1]
                self.mean.mul_(0.9).add_(0.1 * mean)
                self.var.mul_(0.9).add_(0.1 * var * values / (values - 1))
        else:
            mean, var = self.mean, self.var
        normal = (x - mean[:, None, None]) / torch.sqrt(var[:, None, None] + self.eps)
        return self.weight[:, None, None] * normal + self.bias[:, None, None]


def _batch_norm_function(norm: nn.BatchNorm2d) -> nn.Module:
    class Function(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.shift = norm.weight, norm.bias
            self.register_buffer("mean", norm.running_mean)
            self.register_buffer("var", norm.running_var)

        def forward(self, x: Tensor) -> Tensor:
            mean, var = self.get_buffer("mean"), self.get_buffer("var")
            return functional.batch_norm(x, mean, var, self.scale, self.shift, self.training, 0.1, norm.eps)

    return Function()


def _own_layer_norm(norm: nn.LayerNorm) -> nn.Module:
    def run(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        mean = x.mean(dim=-1, keepdim=True)
        var = (x - mean).pow(2).mean(dim=-1, keepdim=True)
        return (x - mean) / torch.sqrt(var + norm.eps) * w + b

    return _Call(run, w=norm.weight, b=norm.bias)


def _layer_norm_apart(norm: nn.LayerNorm) -> nn.Module:
    """Without weights, which come behind."""
    shape = norm.normalized_shape
    return _Call(
        lambda x, w, b: functional.layer_norm(x, shape, None, None, norm.eps) * w + b,
        w=norm.weight,
        b=norm.bias,
    )


class _NormAndActivation(nn.Module):
    """BatchNorm and the rectifier behind it as one class, as in EfficientNet's code."""

    def __init__(self, norm: nn.BatchNorm2d, act: nn.Module) -> None:
        super().__init__()
        self.norm, self.act = norm, act

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.norm(x))
        return y


class _BatchNormRelu(nn.BatchNorm2d):
    """A subclass of BatchNorm that rectifies too, as in timm."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(super().forward(x))


def _joined(kind: type[nn.Module], join: Callable[[nn.BatchNorm2d, nn.Module], nn.Module]) -> Rewrite:
    """BatchNorm and the activation that follows it, in one module."""

    def rewrite(model: nn.Module) -> nn.Module | None:
        twin = copy.deepcopy(model)
        changed = 0
        for module in twin.modules():
            if type(module) is nn.Sequential:
                names = list(module._modules)
                for a, b in pairwise(names):
                    norm, act = module._modules[a], module._modules[b]
                    if type(norm) is nn.BatchNorm2d and isinstance(act, kind):
                        module._modules[a], module._modules[b] = join(norm, act), nn.Identity()
                        changed += 1
        return twin if changed else None

    return rewrite


def _norm_relu(norm: nn.BatchNorm2d, _act: nn.Module) -> nn.Module:
    found = _BatchNormRelu(norm.num_features).to(norm.weight.dtype)
    found.load_state_dict(norm.state_dict())
    return found


# rectifiers


def _function(function: Callable[[Tensor], Tensor]) -> Make:
    return lambda _: _Call(function)


def _gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


class _ResidualInPlace(nn.Module):
    def __init__(self, old: Residual) -> None:
        super().__init__()
        self.body = old.body

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        y += x
        return y


# whole networks


class _Backbone(nn.Module):
    """A backbone, whose features are kept as an attribute, and a head."""

    def __init__(self, model: nn.Sequential) -> None:
        super().__init__()
        self.head, self.backbone = model[-1], model[:-1]
        self.features: Tensor

    def forward(self, x: Tensor) -> Tensor:
        self.features = self.backbone(x)
        logits: Tensor = self.head(self.features)
        return logits


class _Dict(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"logits": self.model(x), "size": x.mean()}


class _Backwards(nn.Module):
    """Layers registered in the order opposite to the one in which they run."""

    def __init__(self, model: nn.Sequential) -> None:
        super().__init__()
        self.parts = nn.ModuleList(reversed([*model]))

    def forward(self, x: Tensor) -> Tensor:
        for part in reversed(self.parts):
            x = part(x)
        return x


def _kept(model: nn.Module) -> nn.Module:
    found = _Backbone(copy.deepcopy(model))  # type: ignore[arg-type]
    with torch.random.fork_rng(devices=[]):
        found(torch.zeros(2, 3, 16, 16, dtype=next(model.parameters()).dtype))
    for module in found.modules():  # statistics as they were
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    return found


def _channels_last(model: nn.Module) -> nn.Module:
    found: Any = copy.deepcopy(model)
    module: nn.Module = found.to(memory_format=torch.channels_last)
    return module


def _compiled(model: nn.Module) -> nn.Module:
    found: Any = torch.compile(copy.deepcopy(model))
    module: nn.Module = found
    return module


def _weight_norm(normalise: Callable[[nn.Module], nn.Module]) -> Rewrite:
    def rewrite(model: nn.Module) -> nn.Module:
        twin = copy.deepcopy(model)
        for module in list(twin.modules()):
            if isinstance(module, nn.Conv2d | nn.Linear):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", FutureWarning)
                    normalise(module)
        return twin

    return rewrite


RESIZING = ("frozen", "weight norm", "weight norm as it was")
"""Rewrites with another number of trainable parameters; proxies that count them give another number."""

REWRITES: Mapping[str, Rewrite] = {
    "wrapped": lambda m: nn.Sequential(copy.deepcopy(m)),
    "nested": lambda m: nn.Sequential(nn.Sequential(*[*copy.deepcopy(m)][:2]), *[*copy.deepcopy(m)][2:]),  # type: ignore[misc]
    "parallel": lambda m: nn.DataParallel(copy.deepcopy(m)),
    "compiled": _compiled,
    "evaluation mode": lambda m: copy.deepcopy(m).eval(),
    "frozen": lambda m: copy.deepcopy(m).requires_grad_(False),
    "mapping with logits": lambda m: _Dict(copy.deepcopy(m)),
    "backbone, head and kept features": _kept,
    "registered backwards": lambda m: _Backwards(copy.deepcopy(m)),  # type: ignore[arg-type]
    "conv by function": _each(nn.Conv2d, _conv_function),
    "conv, then its bias": _each(nn.Conv2d, _conv_then_bias),
    "conv transposed": _each(nn.Conv2d, _transposed),
    "conv in 3d": _each(nn.Conv2d, _In3d),
    "conv scripted": _each(nn.Conv2d, _scripted),
    "pointwise conv as linear": _each(nn.Conv2d, _pointwise(_AsLinear)),
    "pointwise conv in 1d": _each(nn.Conv2d, _pointwise(_As1d)),
    "pointwise conv by einsum": _each(nn.Conv2d, _pointwise(_pointwise_einsum)),
    "patches, then linear": _each(nn.Conv2d, _patches),
    "linear by function": _each(nn.Linear, _linear(functional.linear)),
    "linear by matmul": _each(nn.Linear, _linear(lambda x, w, b: _added(x @ w.T, b, -1))),
    "linear by einsum": _each(
        nn.Linear, _linear(lambda x, w, b: _added(torch.einsum("...i,oi->...o", x, w), b, -1))
    ),
    "linear by addmm": _each(nn.Linear, _linear(_flat_addmm)),
    "linear stored transposed": _each(nn.Linear, _linear_stored_transposed),
    "windows as rows": _each(nn.Linear, _WindowsAsRows),
    "tokens as rows": _each(nn.Linear, _TokensAsRows),
    "MultiheadAttention": _each(Attention, _Packed),
    "query, key and value apart": _each(Attention, _Separate),
    "own BatchNorm": _each(nn.BatchNorm2d, _OwnBatchNorm),
    "BatchNorm by function": _each(nn.BatchNorm2d, _batch_norm_function),
    "own LayerNorm": _each(nn.LayerNorm, _own_layer_norm),
    "LayerNorm's weights apart": _each(nn.LayerNorm, _layer_norm_apart),
    "BatchNorm and activation in one": _joined(nn.ReLU | nn.ReLU6 | nn.Hardswish, _NormAndActivation),  # type: ignore[arg-type]
    "BatchNorm that rectifies": _joined(nn.ReLU, _norm_relu),
    "ReLU by function": _each(nn.ReLU, _function(functional.relu)),
    "ReLU by clamp": _each(nn.ReLU, _function(lambda x: x.clamp(min=0))),
    "ReLU by maximum": _each(nn.ReLU, _function(lambda x: torch.maximum(x, torch.zeros_like(x)))),
    "ReLU by comparison": _each(nn.ReLU, _function(lambda x: x * (x > 0))),
    "ReLU in place": _each(nn.ReLU, lambda _: nn.ReLU(inplace=True)),
    "addition in place": _each(Residual, _ResidualInPlace),
    "dropout of nothing": _each(nn.GELU, lambda act: nn.Sequential(act, nn.Dropout(0.0))),
    "channels last in memory": _channels_last,
    "GELU by erf": _each(nn.GELU, _function(_gelu)),
    "SiLU by sigmoid": _each(nn.SiLU, _function(lambda x: x * torch.sigmoid(x))),
    "Hardswish by ReLU6": _each(nn.Hardswish, _function(lambda x: x * functional.relu6(x + 3) / 6)),
    "weight norm": _weight_norm(parametrizations.weight_norm),
    "weight norm as it was": _weight_norm(nn.utils.weight_norm),
}
"""Every rewrite by name."""
