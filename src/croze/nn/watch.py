"""A pass of a network whose plan is known: looking at some operations, and doing others differently."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.nn.axes import Layout
from croze.nn.plan import At, Plan, Use
from croze.nn.walk import Walk

Call = Callable[..., Any]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

NO_ROWS = "images cannot be told apart in what {} gives, so it has no value for each of them"


class Watch(Walk):
    """While this is active, operations of the plan are looked at or replaced as its methods were told to.

    Args:
        plan: of the network.
        images: how many run through it.
    """

    def __init__(self, plan: Plan, images: int) -> None:
        super().__init__()
        self.plan, self.images = plan, images
        self._before: dict[int, list[Callable[[tuple[Any, ...], dict[str, Any]], Arguments | None]]] = {}
        self._instead: dict[int, Callable[[Call, tuple[Any, ...], dict[str, Any]], Any]] = {}
        self._after: dict[int, list[Callable[[Any], Any]]] = {}
        self._sources: dict[tuple[int, int], Tensor] = {}
        self._images_too: list[Callable[[Tensor], None]] = []

    def begin(self, x: Tensor) -> None:
        """The images may be what a normalisation takes in."""
        super().begin(x)
        for look in self._images_too:
            look(x)

    def visit(self, name: str, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The operation, with what was asked of it."""
        step = self.step
        before, instead, after = self._before.get(step), self._instead.get(step), self._after.get(step)
        if before is None and instead is None and after is None:
            return func(*args, **kwargs)
        if step >= len(self.plan.names) or self.plan.names[step] != name:
            raise CrozeError(
                "The network runs other operations with another number of images or in another pass "
                f"({name} as number {step}), so its layers cannot be told apart."
            )
        for look in before or ():
            args, kwargs = look(args, kwargs) or (args, kwargs)
        out = func(*args, **kwargs) if instead is None else instead(func, args, kwargs)
        for look_at in after or ():
            changed = look_at(out)
            out = out if changed is None else changed
        return out

    def before(self, step: int, look: Callable[[tuple[Any, ...], dict[str, Any]], Arguments | None]) -> None:
        """Have the arguments of an operation looked at, or exchanged."""
        self._before.setdefault(step, []).append(look)

    def after(self, step: int, look: Callable[[Any], Any]) -> None:
        """Have the result of an operation looked at, or exchanged."""
        self._after.setdefault(step, []).append(look)

    def instead(self, step: int, replacement: Callable[[Call, tuple[Any, ...], dict[str, Any]], Any]) -> None:
        """Have something else done in the place of an operation."""
        self._instead[step] = replacement

    def source(self, at: tuple[int, int], look: Callable[[Tensor], None]) -> None:
        """Have an output of an operation looked at; operation -1 are the images."""
        if at[0] < 0:
            self._images_too.append(look)
        else:
            self.after(at[0], lambda out: look(out if isinstance(out, Tensor) else out[at[1]]))

    # what passes look for

    def codes(self) -> list[Tensor]:
        """For each rectifier that runs, which units are active: bool `(N, units)`."""
        found: list[Tensor] = []

        def watch(step: int, at: At, layout: Layout) -> None:
            def note(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
                x = taken(args, kwargs, at)
                code = layout.by_image(x.detach() > 0, self.images)
                if code is None:
                    raise CrozeError(NO_ROWS.format("a rectifier"))
                found.append(code)

            self.before(step, note)

        for step, (at, layout) in self.plan.rectifiers.items():
            watch(step, at, layout)
        return found

    def layers(self, visit: Callable[[str, Use, Tensor | None, Tensor], None]) -> None:
        """Hand every layer's output to `visit`, with its use and the rows of it that are the layer's."""

        def watch(use: Use) -> None:
            def note(out: Tensor) -> None:
                for layer, rows in zip(use.layers, use.rows, strict=True):
                    visit(layer, use, rows, out)

            self.after(use.output, note)

        for use in self.plan.uses.values():
            watch(use)

    def features(self, visit: Callable[[str, Tensor], None]) -> None:
        """Hand every layer's output, detached, to `visit`, `(N, ...)`; it must not keep it."""

        def arranged(layer: str, use: Use, rows: Tensor | None, out: Tensor) -> None:
            visit(layer, by_image(use.layout, rows, out.detach(), self.images))

        self.layers(arranged)

    def kept_features(self) -> dict[str, Tensor]:
        """Copies of every layer's output; of a layer that runs more than once the last one."""
        found: dict[str, Tensor] = {}
        self.features(lambda layer, z: found.__setitem__(layer, z.clone()))
        return found

    # what passes do differently

    def computed_weights(self, found: dict[str, Tensor]) -> None:
        """Collect copies of the weights that the network computes, by the names of the plan."""

        def keep(use: Use) -> None:
            def note(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
                found[use.parameter] = taken(args, kwargs, use.product.weight).detach().clone()

            self.before(use.step, note)

        for use in self.plan.uses.values():
            if use.computed:
                keep(use)

    def with_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Weights in the place of those that the network computes, by the names of the plan."""

        def exchange(use: Use) -> None:
            def put(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
                return replaced(args, kwargs, use.product.weight, weights[use.parameter])

            self.before(use.step, put)

        for use in self.plan.uses.values():
            if use.computed:
                exchange(use)

    def without_norms(self, *, over_images: bool = False, keep: Collection[int] = ()) -> None:
        """Every normalisation gives what it takes in; with `over_images` those alone that mix images."""
        kept = set(keep)
        for step, norm in self.plan.norms.items():
            if step in kept or (over_images and not norm.over_images):
                kept.add(step)
            elif norm.source is None:
                self.instead(step, partial(_passed_on, None))
            else:
                self.source(norm.source, partial(self._sources.__setitem__, norm.source))
                self.instead(step, partial(_earlier, self._sources, norm.source))
        for step, (at, norm_step) in self.plan.affine.items():
            if norm_step not in kept:
                self.instead(step, partial(_passed_on, at))

    def with_statistics(self, memory: dict[int, Any], fill: bool) -> None:
        """Statistics over images as constants: those of this pass where `fill` is set, else `memory`'s."""

        def batch_norm(step: int) -> None:
            def run(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
                x, _, _, weight, bias, _, eps = norm_arguments(func, args, kwargs)
                if fill:
                    if x.numel() == x.shape[1]:
                        raise CrozeError(
                            "BatchNorm needs more than 1 value per channel in training: take more images."
                        )
                    with torch.no_grad():
                        flat = x.transpose(0, 1).flatten(1)
                        memory[step] = flat.mean(dim=1), flat.var(dim=1, correction=0)
                mean, var = memory[step]
                return torch.batch_norm(x, weight, bias, mean, var, False, 0.0, eps, False)

            self.instead(step, run)

        def statistic(step: int) -> None:
            def fixed(out: Any) -> Any:
                if fill:
                    memory[step] = (
                        out.detach() if isinstance(out, Tensor) else type(out)(o.detach() for o in out)
                    )
                return memory[step]

            self.after(step, fixed)

        for step, norm in self.plan.norms.items():
            if norm.over_images and norm.source is None:
                batch_norm(step)
        for step in self.plan.mixing:
            statistic(step)

    def fixable_statistics(self) -> Switch:
        """While the switch is on, backward passes take statistics over images for constants."""
        switch = Switch()

        def batch_norm(step: int) -> None:
            def run(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
                out: Tensor = func(*args, **kwargs)
                x, _, _, weight, _, _, eps = norm_arguments(func, args, kwargs)
                if out.grad_fn is not None:
                    scale = _inverse_deviation(out.grad_fn, x, eps)
                    scale = scale if weight is None else scale * weight.detach()
                    scale = scale.view(-1, *[1] * (x.ndim - 2))

                    def fixed(given: tuple[Any, ...], gradients: tuple[Any, ...]) -> tuple[Any, ...] | None:
                        return (gradients[0] * scale, *given[1:]) if switch.on else None

                    out.grad_fn.register_hook(fixed)
                return out

            self.instead(step, run)

        def statistic(out: Any) -> None:
            for tensor in (out,) if isinstance(out, Tensor) else out:
                if tensor.requires_grad:
                    tensor.register_hook(lambda g: torch.zeros_like(g) if switch.on else None)

        for step, norm in self.plan.norms.items():
            if norm.over_images and norm.source is None:
                batch_norm(step)
        for step in self.plan.mixing:
            self.after(step, statistic)
        return switch

    def outputs(self, steps: Collection[int]) -> dict[int, Tensor]:
        """What these operations give; what follows may work in place, so it gets a copy."""
        found: dict[int, Tensor] = {}

        def watch(step: int) -> None:
            def keep(out: Any) -> Any:
                if isinstance(out, Tensor):
                    found[step] = out
                    return out.clone()
                found[step] = out[0]
                return None

            self.after(step, keep)

        for step in steps:
            watch(step)
        return found


@dataclass
class Switch:
    """Something that is asked for and not always wanted."""

    on: bool = False


def _inverse_deviation(node: Any, x: Tensor, eps: float) -> Tensor:
    """What a `batch_norm` multiplied with, `(channels,)`, as its node in the graph kept it."""
    kept = getattr(node, "_saved_result2", None)
    if isinstance(kept, Tensor) and kept.numel() == x.shape[1]:
        return kept.to(x.dtype)
    with torch.no_grad():
        return torch.rsqrt(x.transpose(0, 1).flatten(1).var(dim=1, correction=0) + eps)


def _passed_on(at: At | None, _func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    return taken(args, kwargs, at if at is not None else 0 if args else "input")


def _earlier(sources: dict[tuple[int, int], Any], source: tuple[int, int], *_: Any) -> Tensor:
    found: Tensor = sources[source]
    return found


def on_gradient(out: Tensor, visit: Callable[[Tensor], None]) -> None:
    """Have the gradient of an operation's result looked at, also where what follows works in place on it."""
    base = out._base if out._is_view() else None
    source = out if base is None or base.numel() != out.numel() or base.grad_fn is None else base
    node, at, shape = source.grad_fn, source.output_nr, out.shape

    def look(gradients: Sequence[Tensor | None]) -> None:
        gradient = gradients[at]
        if gradient is not None:
            visit(gradient.reshape(shape))

    if node is not None:
        node.register_prehook(look)


def by_image(layout: Layout, rows: Tensor | None, out: Tensor, images: int) -> Tensor:
    """A layer's output, images first."""
    if rows is None:
        if layout.image == (0, 1) and len(out) == images:
            return out
        found = layout.by_image(out, images)
    else:
        found = layout.by_channel(out, images)
        found = None if found is None else found[:, rows.to(out.device)].flatten(1)
    if found is None:
        raise CrozeError(NO_ROWS.format("a layer"))
    return found


def taken(args: tuple[Any, ...], kwargs: dict[str, Any], at: At) -> Tensor:
    """The argument that stands there."""
    found: Tensor = args[at] if isinstance(at, int) else kwargs[at]
    return found


def replaced(args: tuple[Any, ...], kwargs: dict[str, Any], at: At, value: Tensor) -> Arguments:
    """The arguments with another one in that place."""
    if isinstance(at, int):
        return (*args[:at], value, *args[at + 1 :]), kwargs
    return args, {**kwargs, at: value}


def norm_arguments(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Input, running mean and variance, weight, bias, momentum and epsilon of a `batch_norm`."""
    if func is torch.batch_norm:
        x, weight, bias, mean, var, _, momentum, eps = (*args, *kwargs.values())[:8]
        return x, mean, var, weight, bias, momentum, eps
    names = ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")
    defaults = (None, None, None, None, None, False, 0.1, 1e-5)
    bound = dict(zip(names, defaults, strict=True)) | dict(zip(names, args, strict=False)) | kwargs
    return tuple(bound[name] for name in names if name != "training")
