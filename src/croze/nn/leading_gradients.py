"""Derivatives of a network's logits, image by image, with respect to the first element of each parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from croze.errors import CrozeError

Watch = Callable[[nn.Module, Tensor], dict[str, Callable[[Tensor], Tensor]]]


def leading_gradients(
    network: nn.Module, logits_of: Callable[[Tensor], Tensor], x: Tensor
) -> tuple[Tensor, Tensor] | None:
    """Logits `(N, classes)` and the derivatives `(N, classes, P)`, one column a trainable tensor in order.

    The network must treat every image by itself (evaluation mode). For convolutions, linear layers, batch and
    layer normalisation the derivatives of a whole batch come from one backward pass a class, because the
    first element of their parameters acts on the first channel alone. One ordinary backward pass checks them:
    a parameter that is used elsewhere too fails it, and for that one and those of any other module there is
    one backward pass an image and class.

    Args:
        logits_of: runs the network; takes inputs like `x`.
        x: `(N, C, H, W)`.

    Returns:
        None when the logits depend on no parameter.

    Raises:
        CrozeError: when a BatchNorm keeps no running statistics, so that images are not by themselves.
    """
    parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
    names = [*parameters]
    known = _owned_by_known_layers(network)
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        with _first_channels(network, known, len(x)) as gradients:
            logits = logits_of(x)
            if not logits.requires_grad:
                return None
            columns = torch.zeros(*logits.shape, len(names), dtype=logits.dtype, device=logits.device)
            for c in range(logits.shape[1]):
                gradients.clear()
                torch.autograd.grad(logits[:, c].sum(), x, retain_graph=True, allow_unused=True)
                for name, column in gradients.items():
                    columns[:, c, names.index(name)] = column
        wrong = _wrong_columns(parameters, logits, columns)
        if wrong is None:
            return None
        others = [name for name in names if name not in known or name in wrong]
        columns[..., [names.index(name) for name in others]] = 0
        if others:
            tensors = [parameters[name] for name in others]
            places = [names.index(name) for name in others]
            for n in range(len(x)):
                row = logits_of(x[n : n + 1].detach())[0]
                for c, logit in enumerate(row):
                    found = torch.autograd.grad(logit, tensors, retain_graph=True, allow_unused=True)
                    for place, g in zip(places, found, strict=True):
                        if g is not None:
                            columns[n, c, place] = g.flatten()[0]
    return logits.detach(), columns


def _owned_by_known_layers(network: nn.Module) -> dict[str, None]:
    """Parameters of layers that `_rules` knows, and that no other module holds as well."""
    names = {id(p): name for name, p in network.named_parameters() if p.requires_grad}
    known: set[str] = set()
    unknown: set[str] = set()
    for module in network.modules():
        for key, p in module._parameters.items():
            if p is not None and p.requires_grad:
                plain = type(module) in _KINDS and key in ("weight", "bias")
                (known if plain else unknown).add(names[id(p)])
    return dict.fromkeys(name for name in names.values() if name in known - unknown)


def _wrong_columns(parameters: Mapping[str, Tensor], logits: Tensor, columns: Tensor) -> set[str] | None:
    """Names of parameters whose column disagrees with a backward pass of the logits in a random direction.

    None when no parameter has a gradient.
    """
    if not parameters:
        return None
    direction = torch.randn(logits.shape, generator=torch.Generator().manual_seed(0)).to(logits)
    found = torch.autograd.grad(
        (logits * direction).sum(), list(parameters.values()), retain_graph=True, allow_unused=True
    )
    if all(g is None for g in found):
        return None
    terms = columns * direction[:, :, None]
    sums, sizes = terms.sum(dim=(0, 1)), terms.abs().sum(dim=(0, 1))
    wrong = set()
    for name, g, ours, size in zip(parameters, found, sums, sizes, strict=True):
        true = torch.zeros_like(ours) if g is None else g.flatten()[0]
        rounding = 0.01 * size + (0.0 if g is None else 1e-4 * g.abs().max())
        if not bool((ours - true).abs() <= rounding):
            wrong.add(name)
    return wrong


@contextmanager
def _first_channels(network: nn.Module, known: dict[str, None], images: int) -> Iterator[dict[str, Tensor]]:
    """During backward passes, collect each known parameter's derivative, `(N,)`, summed over its uses.

    Uses that see another number of rows than there are images are left out.
    """
    names = {id(p): name for name, p in network.named_parameters()}
    found: dict[str, Tensor] = {}
    collecting = True

    def watch(module: nn.Module, inputs: Any, output: Any) -> None:
        if not inputs or not isinstance(output, Tensor) or not output.requires_grad:
            return
        rules = {
            names[id(p)]: rule
            for key, rule in _rules(module, inputs[0].detach()).items()
            if (p := module._parameters.get(key)) is not None and names[id(p)] in known
        }

        def note(gradient: Tensor) -> None:
            if not collecting or len(gradient) != images:
                return
            for name, rule in rules.items():
                value = rule(gradient)
                found[name] = found[name] + value if name in found else value

        output.register_hook(note)  # type: ignore[no-untyped-call]

    handles = [m.register_forward_hook(watch) for m in network.modules() if type(m) in _KINDS]
    try:
        yield found
    finally:
        collecting = False
        for handle in handles:
            handle.remove()


_KINDS = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.LayerNorm)


def _rules(module: nn.Module, x: Tensor) -> dict[str, Callable[[Tensor], Tensor]]:
    """From a gradient of the output to derivatives `(N,)` by the first element of weight and of bias."""
    if isinstance(module, nn.Conv2d):
        kernel = torch.zeros(1, 1, *module.kernel_size, dtype=x.dtype, device=x.device)
        kernel[0, 0, 0, 0] = 1
        padding: str | int | tuple[int, ...] = module.padding
        seen = x[:, :1]
        if module.padding_mode != "zeros":
            seen = functional.pad(seen, module._reversed_padding_repeated_twice, mode=module.padding_mode)
            padding = 0
        seen = functional.conv2d(seen, kernel, None, module.stride, padding, module.dilation)[:, 0]
        return {
            "weight": lambda g: (g[:, 0] * seen).flatten(1).sum(dim=1),
            "bias": lambda g: g[:, 0].flatten(1).sum(dim=1),
        }
    if isinstance(module, nn.BatchNorm2d):
        if module.running_mean is None or module.running_var is None:
            raise CrozeError("A BatchNorm without running statistics mixes the images in evaluation mode.")
        normal = (x[:, 0] - module.running_mean[0]) * torch.rsqrt(module.running_var[0] + module.eps)
        return {
            "weight": lambda g: (g[:, 0] * normal).flatten(1).sum(dim=1),
            "bias": lambda g: g[:, 0].flatten(1).sum(dim=1),
        }
    if isinstance(module, nn.Linear):
        first = x[..., 0]
        return {
            "weight": lambda g: (g[..., 0] * first).reshape(len(g), -1).sum(dim=1),
            "bias": lambda g: g[..., 0].reshape(len(g), -1).sum(dim=1),
        }
    assert isinstance(module, nn.LayerNorm)
    dims = len(module.normalized_shape)
    normed = functional.layer_norm(x, module.normalized_shape, eps=module.eps)
    one = normed.flatten(-dims)[..., 0]
    return {
        "weight": lambda g: (g.flatten(-dims)[..., 0] * one).reshape(len(g), -1).sum(dim=1),
        "bias": lambda g: g.flatten(-dims)[..., 0].reshape(len(g), -1).sum(dim=1),
    }
