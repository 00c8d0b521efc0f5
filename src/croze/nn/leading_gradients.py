"""Derivatives of a network's logits, image by image, with respect to the first element of each parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from croze.errors import CrozeError
from croze.nn.axes import Layout
from croze.nn.plan import Piece, Plan, Use
from croze.nn.trace import norm_weights
from croze.nn.watch import Watch, norm_arguments, on_gradient, taken

Rule = Callable[[Tensor], Tensor]


def leading_gradients(
    plan: Plan,
    parameters: Mapping[str, Tensor],
    logits_of: Callable[[Tensor, Watch | None], Tensor],
    x: Tensor,
) -> tuple[Tensor, Tensor] | None:
    """Logits `(N, classes)` and the derivatives `(N, classes, P)`, one column a piece of `plan.tensors`.

    The network must treat every image by itself (evaluation mode). For convolutions, linear layers, batch
    and layer normalisation the derivatives of a whole batch come from one backward pass a class, because
    the first element of their parameters acts on one channel alone. One ordinary backward pass checks them:
    a parameter that is used elsewhere too fails it, and for that one and those of any other operation there
    is one backward pass an image and class.

    Args:
        parameters: by the names of the plan.
        logits_of: runs the network under a watch; takes inputs like `x`.
        x: `(N, C, H, W)`.

    Returns:
        None when the logits depend on no parameter.

    Raises:
        CrozeError: when a BatchNorm keeps no running statistics, so that images are not by themselves.
    """
    pieces = plan.tensors
    if plan.mixes:
        raise CrozeError("A BatchNorm without running statistics mixes the images in evaluation mode.")
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        watch = Watch(plan, len(x))
        gradients = _first_channels(watch, parameters)
        logits = logits_of(x, watch)
        if not logits.requires_grad:
            return None
        columns = torch.zeros(*logits.shape, len(pieces), dtype=logits.dtype, device=logits.device)
        for c in range(logits.shape[1]):
            gradients.clear()
            torch.autograd.grad(logits[:, c].sum(), x, retain_graph=True, allow_unused=True)
            for i, column in gradients.items():
                columns[:, c, i] = column
        wrong = _wrong_columns(pieces, parameters, logits, columns)
        if wrong is None:
            return None
        if wrong:
            columns[..., wrong] = 0
            holders = {pieces[i].parameter: parameters[pieces[i].parameter] for i in wrong}
            for n in range(len(x)):
                for c, logit in enumerate(logits_of(x[n : n + 1].detach(), None)[0]):
                    found = torch.autograd.grad(
                        logit, [*holders.values()], retain_graph=True, allow_unused=True
                    )
                    by_name = dict(zip(holders, found, strict=True))
                    for i in wrong:
                        g = by_name[pieces[i].parameter]
                        if g is not None:
                            columns[n, c, i] = _first(pieces[i], g)
    return logits.detach(), columns


def _first(piece: Piece, tensor: Tensor) -> Tensor:
    return tensor.flatten()[0 if piece.index is None else int(piece.index.flatten()[0])]


def _wrong_columns(
    pieces: Sequence[Piece], parameters: Mapping[str, Tensor], logits: Tensor, columns: Tensor
) -> list[int] | None:
    """Pieces whose column disagrees with a backward pass of the logits in a random direction.

    None when no parameter has a gradient.
    """
    holders = {piece.parameter: parameters[piece.parameter] for piece in pieces}
    if not holders:
        return None
    direction = torch.randn(logits.shape, generator=torch.Generator().manual_seed(0)).to(logits)
    found = torch.autograd.grad(
        (logits * direction).sum(), list(holders.values()), retain_graph=True, allow_unused=True
    )
    if all(g is None for g in found):
        return None
    by_name = dict(zip(holders, found, strict=True))
    terms = columns * direction[:, :, None]
    sums, sizes = terms.sum(dim=(0, 1)), terms.abs().sum(dim=(0, 1))
    wrong = []
    for i, piece in enumerate(pieces):
        g = by_name[piece.parameter]
        true = torch.zeros_like(sums[i]) if g is None else _first(piece, g)
        rounding = 0.01 * sizes[i] + (0.0 if g is None else 1e-4 * g.abs().max())
        if not bool((sums[i] - true).abs() <= rounding):
            wrong.append(i)
    return wrong


def _first_channels(watch: Watch, parameters: Mapping[str, Tensor]) -> dict[int, Tensor]:
    """During backward passes, collect each known piece's derivative, `(N,)`, summed over its uses."""
    found: dict[int, Tensor] = {}
    places: dict[tuple[str, int], int] = {}
    for i, piece in enumerate(watch.plan.tensors):
        places[piece.parameter, 0 if piece.index is None else int(piece.index.flatten()[0])] = i

    def follow(out: Tensor, rules: Mapping[int, Rule], layout: Layout) -> None:
        def note(gradient: Tensor) -> None:
            for i, rule in rules.items():
                value = layout.by_image(rule(gradient), watch.images)
                if value is not None:
                    total = value.sum(dim=1)
                    found[i] = found[i] + total if i in found else total

        if rules:
            on_gradient(out, note)

    def of_use(use: Use) -> None:
        rules: dict[int, Rule] = {}
        made = {layer: watch.plan.layers[layer] for layer in use.layers}

        def before(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            rules.clear()
            for layer, rows in zip(use.layers, use.rows, strict=True):
                rule = _weight_rule(
                    use, watch.plan.names[use.step], args, kwargs, 0 if rows is None else int(rows[0])
                )
                if rule is not None:
                    rules[places[made[layer].parameter, _start(made[layer])]] = rule
            for bias in use.bias:
                for (parameter, start), i in places.items():
                    if (
                        parameter == bias.parameter
                        and bias.index is not None
                        and len(use.layout.channels) == 1
                    ):
                        at = (bias.index == start).nonzero()
                        if len(at):
                            rules[i] = partial(_channel, use.layout.channels[0], int(at[0]))

        watch.before(use.step, before)
        watch.after(use.output, lambda out: follow(out, rules, _lead(use.layout)))

    def of_norm(step: int) -> None:
        def run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            out = func(*args, **kwargs)
            name = watch.plan.names[step]
            rules = _norm_rules(name, func, args, kwargs)
            weight, bias = norm_weights(name, func, args, kwargs)
            names = {id(p): n for n, p in parameters.items()}
            placed = {
                places[names[id(tensor)], 0]: rule
                for tensor, rule in zip((weight, bias), rules, strict=True)
                if id(tensor) in names and rule is not None and (names[id(tensor)], 0) in places
            }
            follow(out, placed, _lead(watch.plan.norms[step].layout))
            return out

        watch.instead(step, run)

    for use in watch.plan.uses.values():
        of_use(use)
    for step, norm in watch.plan.norms.items():
        if norm.source is None and watch.plan.names[step] in ("batch_norm", "layer_norm"):
            of_norm(step)
    return found


def _start(piece: Piece) -> int:
    return 0 if piece.index is None else int(piece.index.flatten()[0])


def _lead(layout: Layout) -> Layout:
    """Of one channel alone, whose dimension is gone."""
    if layout.image is None or len(layout.channels) != 1:
        return Layout(None, ())
    d, inner = layout.image
    return Layout((d - (layout.channels[0] < d), inner), ())


def _channel(dim: int, row: int, gradient: Tensor) -> Tensor:
    return gradient.select(dim, row)


def _weight_rule(use: Use, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], row: int) -> Rule | None:
    """From a gradient of the output to its product with what the first element of a row meets."""
    x = taken(args, kwargs, use.product.x).detach()
    weight = taken(args, kwargs, use.product.weight)
    if name == "linear" and weight.ndim == 2:
        return lambda g: g[..., row] * x[..., 0]
    if name == "conv2d" and x.ndim == 4:
        settings = dict(zip(("stride", "padding", "dilation", "groups"), args[3:], strict=False)) | kwargs
        groups = settings.get("groups", 1)
        if len(args) == 2 and "stride" in kwargs:  # a kernel of this package, depthwise
            groups = len(weight)
            settings.setdefault("padding", kwargs.get("dilation", 1) * (weight.shape[2] // 2))
        elif len(args) == 5 and isinstance(args[2], int):
            settings = {"stride": args[2], "padding": args[3], "dilation": args[4]}
            groups = len(weight)
        channel = row // (len(weight) // groups) * weight.shape[1]
        kernel = torch.zeros(1, 1, *weight.shape[2:], dtype=x.dtype, device=x.device)
        kernel[0, 0, 0, 0] = 1
        seen = functional.conv2d(
            x[:, channel : channel + 1],
            kernel,
            None,
            settings.get("stride", 1),
            settings.get("padding", 0),
            settings.get("dilation", 1),
        )[:, 0]
        return lambda g: g[:, row] * seen
    return None


def _norm_rules(
    name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Rule | None, Rule | None]:
    """The same for scale and shift of a normalisation."""
    if name == "batch_norm":
        x, mean, var, _, _, _, eps = norm_arguments(func, args, kwargs)
        normal = (x.detach()[:, 0] - mean[0]) * torch.rsqrt(var[0] + eps)
        return lambda g: g[:, 0] * normal, lambda g: g[:, 0]
    x = taken(args, kwargs, 0 if args else "input").detach()
    shape = args[1] if len(args) > 1 else kwargs["normalized_shape"]
    if len(shape) != 1:
        return None, None
    eps = args[4] if len(args) > 4 else kwargs.get("eps", 1e-5)
    one = functional.layer_norm(x, shape, eps=eps)[..., 0]
    return lambda g: g[..., 0] * one, lambda g: g[..., 0]
