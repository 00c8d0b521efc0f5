"""The walk that makes a `Plan`: two images run through the network, and every tensor's origin is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from croze.errors import CrozeError
from croze.nn import axes as ax
from croze.nn.axes import IMAGE, Axes, Layout
from croze.nn.operations import (
    CUTS,
    ELEMENTWISE,
    HOMOGENEOUS,
    MOVES,
    NORMS,
    REDUCTIONS,
    SAME,
    SECOND_MOMENTS,
    is_zero,
    keeps_all,
    moved_axes,
    product_of,
    rectifies,
    reduced_axes,
)
from croze.nn.plan import Norm, Piece, Plan, Use
from croze.nn.walk import Walk, argument, tensors_in, words

IMAGES = 2
"""How many images the walk takes."""

FRESH = words(
    """
    zeros_like ones_like empty_like full_like rand_like randn_like new_zeros new_ones new_empty new_full
    new_tensor bernoulli normal uniform random
    """
)
"""What fills a tensor anew; in the shape of a map, as behind a `none` operation, it counts as one."""


Moved = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], int]
"""An operation of `MOVES`, and which of its outputs is meant."""


@dataclass(frozen=True)
class _Outputs:
    """Outputs of a layer, moved about, perhaps some of them alone.

    Attributes:
        use: number of the product.
        shape: of its result, and `dim` the dimension that outputs run along.
        moves: what was done since; looked into where a part is taken, which is rare.
        numbers: which output each element is, where a part was taken; None for all of them.
    """

    use: int
    shape: tuple[int, ...]
    dim: int
    moves: tuple[Moved, ...] = ()
    numbers: Tensor | None = None

    def moved(self, name: str, move: Moved, shape: Sequence[int]) -> _Outputs | None:
        """After another operation; None where they cannot be followed through it."""
        if name in SAME:
            return self
        if self.numbers is None and name not in CUTS:
            return replace(self, moves=(*self.moves, move))
        numbers = self.numbers
        if numbers is None:
            numbers = torch.arange(self.shape[self.dim])
            numbers = numbers.view([-1 if d == self.dim else 1 for d in range(len(self.shape))])
            numbers = numbers.expand(self.shape)
            for earlier in self.moves:
                numbers = _repeat(earlier, numbers)
        numbers = _repeat(move, numbers)
        return replace(self, moves=(), numbers=numbers) if numbers.shape == tuple(shape) else None

    def taken(self) -> Tensor | None:
        """Which they are, each once, in order; None for all."""
        return None if self.numbers is None else torch.unique(self.numbers)


def _repeat(move: Moved, numbers: Tensor) -> Tensor:
    func, args, kwargs, at = move
    numbers = numbers.contiguous()
    given = {k: numbers if k in ("self", "input") else v for k, v in kwargs.items()}
    found = func(numbers, *args[1:], **given) if args else func(**given)
    out: Tensor = found if isinstance(found, Tensor) else found[at]
    return out


@dataclass(frozen=True)
class _Weight:
    """A tensor that depends on parameters alone."""

    roots: tuple[str, ...]


@dataclass(frozen=True)
class _Value:
    """A tensor that depends on the images.

    Attributes:
        at: operation that made it, and which of its outputs it is.
        axes: where images and channels are.
        root: the tensor in terms of which it is known, if only moved about, and `degree` in it.
        base: the tensor that equals the root and lies as this one does; None for a statistic of it.
        linear: a positive multiple of `base`.
        second: whether a second moment of the root entered.
        mixes: whether a statistic over images entered.
        gate: it is an elementwise function of this tensor; `inner` are rectifiers on the way.
        layer: the product whose output it is, only moved about.
        affine: what a scale and a shift behind a normalisation are still taken for.
    """

    at: tuple[int, int]
    axes: Axes
    root: tuple[int, int]
    base: tuple[int, int] | None
    degree: float = 1.0
    linear: bool = True
    second: bool = False
    mixes: bool = False
    gate: tuple[int, int] | None = None
    negative: bool = False
    inner: tuple[int, ...] = ()
    layer: _Outputs | None = None
    affine: str = ""
    norm: int = -1


def plan_of(run: Callable[[Walk], Tensor], parameters: Mapping[str, Tensor]) -> Plan:
    """The plan of a network.

    Args:
        run: hands a walk its inputs of two images, `(2, C, H, W)`, activates it while the network runs on
            them, and gives the logits.
        parameters: by name.

    Raises:
        CrozeError: when operations run that cannot be seen.
    """
    tracer = _Tracer(parameters)
    with torch.enable_grad():
        logits = run(tracer)
    return tracer.finish(logits)


class _Tracer(Walk):
    def __init__(self, parameters: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.plan = Plan(total=sum(p.numel() for p in parameters.values()))
        self._parameters = parameters
        self._known: dict[int, tuple[Tensor, _Value | _Weight]] = {}
        self._parents: list[set[int]] = []
        self._consumed: dict[int, list[Tensor | None]] = {}
        self._pieces: dict[tuple[Any, ...], Piece] = {}
        self._order: list[tuple[int, Piece]] = []
        self._computed: dict[str, Tensor] = {}
        self._sizes: dict[str, int] = {}
        self._shapes: dict[int, torch.Size] = {}
        self._made_by: dict[int, tuple[_Value, int]] = {}
        for name, p in parameters.items():
            self._known[id(p)] = p, _Weight((name,))

    # origins

    def begin(self, x: Tensor) -> None:
        """The images are what everything else is told apart by."""
        super().begin(x)
        at = (-1, 0)
        self._keep(x, _Value(at, ax.plain(x.shape, image=0, channel=1), at, at))

    def _keep(self, tensor: Tensor, origin: _Value | _Weight) -> None:
        self._known[id(tensor)] = tensor, origin

    def _origin(self, tensor: Any) -> _Value | _Weight | None:
        if not isinstance(tensor, Tensor):
            return None
        known = self._known.get(id(tensor))
        if known is not None:
            return known[1]
        if tensor.grad_fn is not None:
            base = self._known.get(id(tensor._base)) if tensor._is_view() else None
            if base is not None and isinstance(base[1], _Weight):
                return base[1]
            raise CrozeError(
                f"The network runs code whose operations cannot be seen ({tensor.grad_fn.name()}; scripted "
                "or native functions do so): pass one that is written in eager torch."
            )
        return None

    def _value(self, tensor: Any) -> _Value | None:
        found = self._origin(tensor)
        return found if isinstance(found, _Value) else None

    def _is_weight(self, tensor: Any) -> bool:
        return isinstance(self._origin(tensor), _Weight)

    # operations

    def visit(
        self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        step = self.step
        self.plan.names.append(name)
        self._parents.append(set())
        given = list(tensors_in(args, kwargs))
        origins = [self._origin(tensor) for tensor in given]
        values = [(t, o) for t, o in zip(given, origins, strict=True) if isinstance(o, _Value)]
        weights = [(t, o) for t, o in zip(given, origins, strict=True) if isinstance(o, _Weight)]
        source = self._before(name, args, kwargs) if values else None
        out = func(*args, **kwargs)
        outputs = [out] if isinstance(out, Tensor) else list(tensors_in((out,), {}))
        if name == "setitem" and values:
            outputs = [args[0]]
        if not outputs:
            return out
        if name in FRESH:
            if values and values[0][0].shape == outputs[0].shape:
                self._keep(outputs[0], _Value((step, 0), values[0][1].axes, (step, 0), (step, 0)))
            return out
        if not values:
            if weights:
                roots = tuple(dict.fromkeys(root for _, o in weights for root in o.roots))
                for tensor in outputs:
                    self._keep(tensor, _Weight(roots))
            return out
        self._parents[step] = {value.at[0] for _, value in values}
        for i, tensor in enumerate(outputs):
            value = self._made(name, func, args, kwargs, values, weights, tensor, (step, i), source)
            self._keep(tensor, value)
            if not i:
                if isinstance(out, Tensor):
                    self._made_by[step] = value, _positions(tensor, value)
                for _, taken in values:
                    if taken.layer is not None:
                        self._consume(taken.layer, value.layer)
        return out

    def _before(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What has to be looked at before an operation that may work in place."""
        if name in ("maximum", "max", "clamp", "clamp_min", "where", "masked_fill", "threshold"):
            return tuple(is_zero(a) for a in args)
        return None

    def _consume(self, taken: _Outputs, left: _Outputs | None) -> None:
        """Note which outputs of a layer an operation works on, unless it only moves them."""
        if left is None or left.use != taken.use:
            self._consumed.setdefault(taken.use, []).append(taken.taken())

    def _made(
        self,
        name: str,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        values: Sequence[tuple[Tensor, _Value]],
        weights: Sequence[tuple[Tensor, _Weight]],
        out: Tensor,
        at: tuple[int, int],
        zeros: Any,
    ) -> _Value:
        product = None
        if weights:
            product = product_of(name, args, kwargs, out, self._axes, self._is_weight)
        if product is not None:
            return self._layer(name, product, args, kwargs, out, at)
        first = values[0][1]
        if name in NORMS or name == "native_layer_norm":
            return self._norm(name, func, args, kwargs, values, out, at)
        for tensor, _ in weights:
            self._note_role(name, tensor, values, out, at)
        if name in MOVES and len(values) == 1:
            return self._moved(name, func, args, kwargs, values[0], out, at)
        if name in REDUCTIONS or (
            name in ("max", "min") and len(args) + len(kwargs) > 1 and len(values) == 1
        ):
            return self._statistic(name, args, kwargs, first, out, at)
        shape = tuple(out.shape)
        if len(values) == 1 and not weights:
            return self._unary(name, args, kwargs, values[0], out, at)
        if name in ("matmul", "bmm", "mm", "baddbmm") and len(values) >= 2:
            a, b = (v.axes for _, v in values[-2:])
            axes = (*a[:-1], b[-1]) if len(a) == len(b) == out.ndim else ax.like(a, shape)
            return _Value(at, axes, at, at)
        if name == "scaled_dot_product_attention":
            q, v = values[0][1].axes, values[min(2, len(values) - 1)][1].axes
            return _Value(at, (*q[:-1], v[-1]) if len(q) == len(v) == out.ndim else ax.like(q, shape), at, at)
        if name == "setitem":  # part of a tensor that may have been empty
            known = self._axes(args[0]) or first.axes
            return _Value(at, ax.like(known, shape), at, at)
        if name in ("cat", "concat", "concatenate", "stack", "hstack", "vstack"):
            return _Value(at, self._joined(name, args, kwargs, values, out), at, at)
        return self._combined(name, args, kwargs, values, weights, out, at, zeros)

    def _axes(self, tensor: Any) -> Axes | None:
        value = self._value(tensor)
        return None if value is None else value.axes

    # layers

    def _layer(
        self,
        name: str,
        product: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        out: Tensor,
        at: tuple[int, int],
    ) -> _Value:
        weight = _get(args, kwargs, product.weight)
        origin = self._origin(weight)
        assert isinstance(origin, _Weight)
        parameter, where, computed = self._place(weight, origin)
        if where is None and not product.as_it_lies:
            where = torch.arange(weight.numel()).view(weight.shape)
        index = None if where is None else product.canonical(where)
        use = Use(at[0], at[0], product, parameter, computed, Layout.of(product.axes))
        self.plan.uses[at[0]] = use
        bias = None if product.bias is None else _get(args, kwargs, product.bias)
        piece = Piece(parameter, index, "weight")
        self._sizes[parameter] = weight.numel() if computed else self._parameters[parameter].numel()
        self._pieces[("use", at[0])] = piece
        self._shapes[at[0]] = weight.shape
        self._order.append((at[0], piece))
        if bias is not None and self._is_weight(bias):
            self._bias(bias, at[0])
        outputs = self._outputs(product.axes, out, at[0])
        self.plan.maps[at[0]] = use.layout
        return _Value(at, product.axes, at, at, layer=outputs)

    def _place(self, weight: Tensor, origin: _Weight) -> tuple[str, Tensor | None, bool]:
        """The parameter that a weight is a view of, where its elements lie, and whether it is computed.

        None for elements that lie as they do in the parameter.
        """
        (name, *more) = origin.roots
        parameter = self._parameters[name]
        if not more:
            if weight is parameter:
                return name, None, False
            if weight._is_view() and weight._base is parameter and weight.dtype == parameter.dtype:
                numbers = torch.arange(parameter.numel()).view(parameter.shape)
                lying = torch.empty_strided(parameter.shape, parameter.stride(), dtype=torch.int64)
                offset = weight.storage_offset() - parameter.storage_offset()
                return name, lying.copy_(numbers).as_strided(weight.shape, weight.stride(), offset), False
        largest = max(origin.roots, key=lambda root: self._parameters[root].numel())
        path = largest.partition(".parametrizations.")[0] if ".parametrizations." in largest else largest
        name = (path if path != largest else largest.rpartition(".")[0] or largest) + " (computed)"
        k, known = 2, self._computed
        while name in known and not (
            known[name].shape == weight.shape and bool((known[name] == weight).all())
        ):
            name, k = f"{name.partition(' (')[0]} (computed, {k})", k + 1
        known[name] = weight.detach().clone()
        return name, None, True

    def _outputs(self, axes: Axes, out: Tensor, step: int) -> _Outputs | None:
        dims = [d for d, dim in enumerate(axes) if dim and {kind for kind, _ in dim} == {ax.CHANNEL}]
        if len(dims) != 1 or out.ndim != len(axes):
            return None
        return _Outputs(step, tuple(out.shape), dims[0])

    def _bias(self, bias: Tensor, step: int) -> None:
        origin = self._origin(bias)
        assert isinstance(origin, _Weight)
        parameter, where, computed = self._place(bias, origin)
        if not computed:
            where = torch.arange(bias.numel()) if where is None else where.flatten()
            self._sizes[parameter] = self._parameters[parameter].numel()
            piece = Piece(parameter, where, "bias")
            self.plan.uses[step].bias.append(piece)
            self._order.append((step, piece))

    def _note_role(
        self,
        name: str,
        tensor: Tensor,
        values: Sequence[tuple[Tensor, _Value]],
        out: Tensor,
        at: tuple[int, int],
    ) -> None:
        origin = self._origin(tensor)
        assert isinstance(origin, _Weight)
        if name in ("add", "radd", "iadd", "sub", "rsub", "isub"):
            value = values[0][1]
            if value.layer is not None and tensor.squeeze().ndim <= 1 and name not in ("rsub", "sub", "isub"):
                self._bias(tensor, value.layer.use)
                return
            grows = all(given.shape != out.shape for given, _ in values)
            role = "other" if grows and tensor.numel() > 1 else "bias"
        elif name in ("mul", "rmul", "imul", "div", "truediv", "prelu"):
            role = "scale"
        elif name in ("cat", "concat", "concatenate", "stack", "where", "expand_as", "index_put", "setitem"):
            role = "input"
        else:
            role = "other"
        if role == "other" or (role == "scale" and sum(n > 1 for n in tensor.shape) > 1):
            self.plan.unseen = {
                **self.plan.unseen,
                **{root: self._parameters[root].numel() for root in origin.roots},
            }
        for root in origin.roots:
            self._order.append((at[0], Piece(root, None, role)))

    # normalisation

    def _norm(
        self,
        name: str,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        values: Sequence[tuple[Tensor, _Value]],
        out: Tensor,
        at: tuple[int, int],
    ) -> _Value:
        value = values[0][1]
        if at[1]:  # statistics that torch gives beside
            return _Value(at, ax.plain(out.shape), at, None, second=True)
        over_images = name == "batch_norm" and normalises_by_batch(func, args, kwargs)
        weight, bias = norm_weights(name, func, args, kwargs)
        self.plan.norms[at[0]] = Norm(None, over_images, Layout.of(value.axes))
        for role, tensor in (("scale", weight), ("bias", bias)):
            origin = self._origin(tensor)
            if isinstance(origin, _Weight):
                for root in origin.roots:
                    self._order.append((at[0], Piece(root, None, role)))
        axes = value.axes
        self.plan.maps[at[0]] = Layout.of(axes)
        return _Value(at, axes, at, at, affine="" if weight is not None else "wb", norm=at[0])

    def _statistic(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: _Value,
        out: Tensor,
        at: tuple[int, int],
    ) -> _Value:
        axes = reduced_axes(
            args,
            kwargs,
            value.axes,
            out,
            2 if name in ("norm", "linalg_norm", "vector_norm", "linalg_vector_norm") else 1,
        )
        if len(axes) != out.ndim:
            axes = ax.plain(out.shape)
        mixes = ax.has(value.axes, IMAGE) and not ax.has(axes, IMAGE)
        if mixes and out.is_floating_point():
            self.plan.mixing[at[0]] = Layout.of(value.axes)
        degree = REDUCTIONS.get(name, 1.0) * value.degree
        if value.degree != value.degree:
            return _Value(at, axes, at, at)
        second = value.second or name in SECOND_MOMENTS or degree == 2.0
        found = _Value(at, axes, value.root, None, degree, False, second, value.mixes or mixes)
        return replace(found, gate=None)

    def _unary(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: tuple[Tensor, _Value],
        out: Tensor,
        at: tuple[int, int],
    ) -> _Value:
        tensor, value = given
        axes = value.axes if out.shape == tensor.shape else ax.like(value.axes, out.shape)
        same = len(axes) == out.ndim and out.numel() == tensor.numel()
        gate = value.gate if value.gate is not None else value.base
        if rectifies(name, args, kwargs) and same and ax.has(axes, IMAGE):
            self.plan.rectifiers[at[0]] = (_where(args, kwargs, tensor), Layout.of(value.axes))
            self.plan.maps[at[0]] = Layout.of(axes)
            return _Value(at, axes, at, at, gate=gate, inner=(*value.inner, at[0]))
        if not same:
            return _Value(at, axes, at, at)
        factor = _scalar(name, args, kwargs, tensor)
        if name in HOMOGENEOUS or (name in ("pow", "float_power") and factor is not None):
            power = HOMOGENEOUS.get(name, factor)
            assert power is not None
            second = value.second or value.degree * power == 2.0
            return replace(
                value,
                at=at,
                degree=value.degree * power,
                linear=False,
                second=second,
                layer=None,
                affine="",
                gate=gate if name == "abs" else None,
                negative=name == "abs",
            )
        if factor is not None and name in ("mul", "rmul", "imul", "div", "truediv", "true_divide", "idiv"):
            return replace(value, at=at, linear=value.linear and factor > 0, layer=None, affine="")
        if name in ("rdiv", "rtruediv"):
            return replace(value, at=at, degree=-value.degree, linear=False, layer=None, affine="")
        if (
            name in ("add", "sub", "radd", "iadd", "isub", "clamp", "clamp_min", "maximum")
            and value.base is None
        ):
            return replace(value, at=at)  # an epsilon
        if name in ELEMENTWISE or factor is not None:
            negative = name in ("lt", "le", "less", "less_equal")
            return _Value(at, axes, at, at, gate=gate, negative=negative, inner=value.inner)
        return _Value(at, axes, at, at)

    def _moved(
        self,
        name: str,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: tuple[Tensor, _Value],
        out: Tensor,
        at: tuple[int, int],
    ) -> _Value:
        tensor, value = given
        axes = moved_axes(name, func, args, kwargs, value.axes, tensor, out)
        if len(axes) != out.ndim:
            axes = ax.like(value.axes, out.shape)
        layer = None
        if value.layer is not None:
            layer = value.layer.moved(name, (func, args, kwargs, at[1]), out.shape)
        if name in SAME:
            return replace(value, at=at, layer=layer)
        if name in CUTS and not keeps_all(name, args):
            return _Value(at, axes, at, at, layer=layer)
        whole = value.base is not None and value.linear
        return replace(
            value,
            at=at,
            axes=axes,
            base=at if whole else None if value.base is None else value.base,
            linear=whole,
            layer=layer,
            gate=None,
        )

    def _joined(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        values: Sequence[tuple[Tensor, _Value]],
        out: Tensor,
    ) -> Axes:
        axes = next((v.axes for _, v in values if ax.has(v.axes, IMAGE)), values[0][1].axes)
        dim = argument(args, kwargs, 1, "dim", kwargs.get("axis", 0))
        if name == "stack":
            dim = int(dim) % out.ndim
            return (*axes[:dim], ((ax.OTHER, out.shape[dim]),), *axes[dim:])
        if len(axes) != out.ndim or name in ("hstack", "vstack"):
            return ax.like(axes, out.shape)
        dim = int(dim) % out.ndim
        joined = axes[dim]
        if joined and {kind for kind, _ in joined} == {IMAGE} and out.shape[dim] % IMAGES == 0:
            found: tuple[ax.Atom, ...] = ((ax.OTHER, out.shape[dim] // IMAGES), (IMAGE, IMAGES))
        else:
            found = (
                (
                    ax.CHANNEL if joined and {k for k, _ in joined} == {ax.CHANNEL} else ax.OTHER,
                    out.shape[dim],
                ),
            )
        return (*axes[:dim], found, *axes[dim + 1 :])

    def _combined(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        values: Sequence[tuple[Tensor, _Value]],
        weights: Sequence[tuple[Tensor, _Weight]],
        out: Tensor,
        at: tuple[int, int],
        zeros: Any,
    ) -> _Value:
        axes = ax.broadcast(
            tuple(v.axes for _, v in sorted(values, key=lambda known: known[1].at)), out.shape
        )
        if all(v.axes and len(v.axes) > out.ndim for _, v in values):
            axes = ax.like(values[0][1].axes, out.shape)
        fresh = _Value(at, axes, at, at)
        rectified = self._gated(name, args, kwargs, values, weights, out, zeros)
        if rectified is not None:
            tensor, value, inner = rectified
            for step in inner:
                self.plan.rectifiers.pop(step, None)
                self.plan.maps.pop(step, None)
            self.plan.rectifiers[at[0]] = (_where(args, kwargs, tensor), Layout.of(value.axes))
            self.plan.maps[at[0]] = Layout.of(axes)
            return replace(fresh, gate=value.base, inner=(at[0],))
        if weights and len(values) == 1:
            return self._scaled(name, args, kwargs, values[0], weights, at, fresh, out)
        if len(values) != 2:
            return fresh
        (_, a), (_, b) = values
        sums = name in ("add", "radd", "iadd", "sub", "rsub", "isub", "maximum", "lerp")
        alike = a.root == b.root and a.degree == b.degree and a.gate is None and b.gate is None
        if sums and alike:
            base = a.base if a.base == b.base or b.base is None else b.base if a.base is None else None
            if base is not None or (a.base is None and b.base is None):
                return replace(
                    a,
                    at=at,
                    axes=axes,
                    base=base,
                    linear=False,
                    second=a.second or b.second,
                    mixes=a.mixes or b.mixes,
                    layer=None,
                    affine="",
                )
        if name in ("mul", "rmul", "imul", "div", "truediv", "true_divide", "idiv") and a.root == b.root:
            sign = 1 if "mul" in name else -1
            degree = a.degree + sign * b.degree
            base = a.base if a.base is not None else b.base
            if a.base is not None and b.base is not None and a.base != b.base:
                return fresh
            second = a.second or b.second
            statistic = (a.base is None) != (b.base is None)
            if abs(degree) < 1e-9 and statistic and second and base is not None:
                return self._own_norm(values, base, a.mixes or b.mixes, axes, at, fresh)
            if a.base is not None and b.base is not None:
                second = True
            return replace(
                a,
                at=at,
                axes=axes,
                base=base,
                degree=degree,
                linear=False,
                second=second,
                mixes=a.mixes or b.mixes,
                layer=None,
                gate=None,
                affine="",
            )
        return fresh

    def _own_norm(
        self,
        values: Sequence[tuple[Tensor, _Value]],
        base: tuple[int, int],
        mixes: bool,
        axes: Axes,
        at: tuple[int, int],
        fresh: _Value,
    ) -> _Value:
        self.plan.norms[at[0]] = Norm(base, mixes, Layout.of(axes))
        self.plan.maps[at[0]] = Layout.of(axes)
        return replace(fresh, affine="wb", norm=at[0])

    def _scaled(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        given: tuple[Tensor, _Value],
        weights: Sequence[tuple[Tensor, _Weight]],
        at: tuple[int, int],
        fresh: _Value,
        out: Tensor,
    ) -> _Value:
        tensor, value = given
        kind = {"mul": "w", "rmul": "w", "imul": "w", "add": "b", "radd": "b", "iadd": "b"}.get(name, "")
        slim = all(sum(n > 1 for n in w.shape) <= 1 for w, _ in weights)
        if kind and kind in value.affine and slim and out.shape == tensor.shape:
            self.plan.affine[at[0]] = _where(args, kwargs, tensor), value.norm
            self.plan.maps[at[0]] = self.plan.maps.pop(value.at[0], Layout.of(value.axes))
            left = value.affine[value.affine.index(kind) + 1 :]
            return replace(fresh, axes=value.axes, affine=left, norm=value.norm)
        if kind == "w" and value.gate is None and out.shape == tensor.shape:
            return replace(value, at=at, linear=False, layer=None, affine="")
        if kind == "b" and value.layer is not None and slim and out.shape == tensor.shape:
            # the bias of a layer: its output is complete here
            use = value.layer.use
            self.plan.maps[at[0]] = self.plan.maps.pop(use, Layout.of(value.axes))
            self.plan.uses[use].output = at[0]
            return replace(fresh, layer=value.layer)
        return fresh

    # rectifiers

    def _gated(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        values: Sequence[tuple[Tensor, _Value]],
        weights: Sequence[tuple[Tensor, _Weight]],
        out: Tensor,
        zeros: Any,
    ) -> tuple[Tensor, _Value, tuple[int, ...]] | None:
        """The tensor that is rectified by a product with a gate of it, a choice or a maximum."""
        pairs = [(v, w) for v in values for w in values if v is not w]
        if name == "prelu" and values:
            return (*values[0], ())
        if name in ("mul", "rmul", "imul"):
            for (tensor, value), (_, other) in pairs:
                if (
                    value.linear
                    and value.base is not None
                    and other.gate == value.base
                    and not other.negative
                ):
                    return tensor, value, other.inner
        if name in ("add", "radd", "iadd"):
            for (tensor, value), (_, other) in pairs:
                if (
                    value.linear
                    and other.gate is not None
                    and other.gate == value.base
                    and other.negative
                    and other.degree == 1
                ):
                    return tensor, value, ()
        if name in ("maximum", "max"):
            for tensor, value in values:
                if value.linear and any(zeros or ()):
                    return tensor, value, ()
            for (tensor, value), (_, other) in pairs:
                if value.linear and other.linear and value.base == other.base and value.base is not None:
                    return tensor, value, ()
        if name == "where" and len(args) == 3:
            for i in (1, 2):
                known = self._value(args[i])
                if known is not None and self._keeps(known, args[0], negative=i == 2):
                    return args[i], known, ()
        if name == "masked_fill" and len(args) == 3 and is_zero(args[2]):
            known = self._value(args[0])
            if known is not None and self._keeps(known, args[1], negative=True):
                return args[0], known, ()
        return None

    def _keeps(self, value: _Value, test: Any, *, negative: bool) -> bool:
        """Whether a tensor stays where a comparison of it says so."""
        compared = self._value(test)
        if compared is None or not value.linear:
            return False
        return compared.gate == value.base and compared.negative == negative

    # the whole

    def finish(self, logits: Tensor) -> Plan:
        """Names, parts and blocks, once everything was seen."""
        plan = self.plan
        end = self._value(logits)
        reached = self._reached(end.at[0]) if end is not None else set()
        taken: dict[str, Piece] = {}
        tensors: dict[tuple[Any, ...], Piece] = {}
        names: dict[tuple[Any, ...], str] = {}
        used: set[str] = set()
        for step, piece in self._order:
            if piece.role == "weight":
                use = plan.uses[step]
                for rows, part in self._parts(step, piece):
                    key = self._key(part)
                    if key not in tensors:
                        names[key] = self._name(part, rows, taken)
                        taken[names[key]] = tensors[key] = self._slim(part)
                    use.layers.append(names[key])
                    use.rows.append(rows)
            elif piece.role == "bias" and piece.index is not None and step in plan.uses:
                for rows, _ in self._parts(step, self._pieces[("use", step)]):
                    alone = rows is None or piece.index.numel() == 1
                    part = piece if alone else replace(piece, index=piece.index[rows])
                    tensors.setdefault(self._key(part), self._slim(part))
            elif piece.parameter not in used:
                tensors[(piece.parameter,)] = piece
            used.add(piece.parameter)
        plan.layers = taken
        plan.tensors = list(tensors.values())
        roots = {p.parameter for p in taken.values()}
        plan.unseen = {name: size for name, size in plan.unseen.items() if name not in roots}
        plan.mixing = {step: layout for step, layout in plan.mixing.items() if step in reached}
        plan.mixes = bool(plan.mixing) or any(
            n.over_images for step, n in plan.norms.items() if step in reached
        )
        self._find_maps(reached, end)
        return plan

    def _parts(self, step: int, piece: Piece) -> list[tuple[Tensor | None, Piece]]:
        """The layer, or its parts where its outputs go separate ways."""
        consumed = self._consumed.get(step, [])
        sets = {tuple(channels.tolist()): channels for channels in consumed if channels is not None}
        if len(sets) < 2 or len(consumed) > sum(channels is not None for channels in consumed):
            return [(None, piece)]
        index = piece.index
        if index is None:
            index = torch.arange(self._sizes[piece.parameter]).view(self._shapes[step])
        count = sum(len(s) for s in sets)
        distinct = len({c for s in sets for c in s})
        if count != distinct or distinct != len(index):
            return [(None, piece)]
        ordered = [sets[key] for key in sorted(sets)]
        return [(rows, replace(piece, index=index[rows])) for rows in ordered]

    def _slim(self, piece: Piece) -> Piece:
        """Without an index where it would change nothing."""
        whole = self._parameters.get(piece.parameter)
        shape = self._computed[piece.parameter].shape if whole is None else whole.shape
        if piece.index is None or piece.index.shape != shape:
            return piece
        as_it_lies = bool((piece.index.flatten() == torch.arange(piece.index.numel())).all())
        return replace(piece, index=None) if as_it_lies else piece

    def _key(self, piece: Piece) -> tuple[Any, ...]:
        """Equal for pieces of the same elements."""
        if piece.index is None:
            n = self._sizes[piece.parameter]
            return piece.parameter, n, 0, n - 1, n * (n - 1) // 2
        numbers = piece.index.flatten()
        ends = torch.aminmax(numbers)
        return piece.parameter, len(numbers), int(ends.min), int(ends.max), int(numbers.sum())

    def _name(self, piece: Piece, rows: Tensor | None, taken: Mapping[str, Piece]) -> str:
        name = piece.parameter.removesuffix(".weight")
        if rows is not None:
            name = f"{name}[{int(rows[0])}:{int(rows[-1]) + 1}]"
        k = 2
        final = name
        while final in taken:
            final, k = f"{name} ({k})", k + 1
        return final

    def _reached(self, end: int) -> set[int]:
        """Operations on the way to the logits."""
        found: set[int] = set()
        left = [end]
        while left:
            step = left.pop()
            if step >= 0 and step not in found:
                found.add(step)
                left += self._parents[step]
        return found

    def _find_maps(self, reached: set[int], end: _Value | None) -> None:
        plan = self.plan
        made = {step: known for step, known in self._made_by.items() if step in reached}
        plan.maps = {
            step: layout for step, layout in sorted(plan.maps.items()) if step in made and made[step][1] > 1
        }
        for step in sorted(reached, reverse=True):
            if step in made and plan.names[step] not in MOVES and made[step][1] > 1:
                plan.last_map = step, Layout.of(made[step][0].axes)
                break
        self._find_blocks(reached, made)

    def _find_blocks(self, reached: set[int], made: Mapping[int, tuple[_Value, int]]) -> None:
        """The first tensor behind each layer, or group of them, through which everything flows."""
        plan = self.plan
        order = sorted(reached)
        jumps = dict.fromkeys(order, 0)  # the furthest operation that takes something from up to here
        for step in order:
            for parent in self._parents[step]:
                if parent in jumps:
                    jumps[parent] = max(jumps[parent], step)
                elif parent == -1:
                    jumps[order[0]] = max(jumps[order[0]], step) if order else 0
        furthest = -1
        pending = ""
        unfinished = {use.step for use in plan.uses.values() if use.output != use.step}
        for step in order:
            crossed = furthest > step
            if step in plan.uses and len(plan.uses[step].layers):
                pending = pending or plan.uses[step].layers[0]
            if pending and not crossed and step not in unfinished and step in made:
                taken = [name for name, _ in plan.blocks.values()]
                name = pending if pending not in taken else f"{pending} ({step})"
                plan.blocks[step] = name, Layout.of(made[step][0].axes)
                pending = ""
            furthest = max(furthest, jumps[step])


def normalises_by_batch(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a `batch_norm` takes its statistics from the batch."""
    return bool(argument(args, kwargs, 5, "training", False))


def norm_weights(name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Scale and shift that a normalisation is given."""
    at = NORMS.get(name, (None, None))
    if name == "batch_norm" and func is torch.batch_norm:
        at = (1, 2)
    return (
        None if at[0] is None else argument(args, kwargs, at[0], "weight"),
        None if at[1] is None else argument(args, kwargs, at[1], "bias"),
    )


def _get(args: tuple[Any, ...], kwargs: dict[str, Any], at: int | str) -> Any:
    return args[at] if isinstance(at, int) else kwargs[at]


def _where(args: tuple[Any, ...], kwargs: dict[str, Any], tensor: Tensor) -> int | str:
    for i, value in enumerate(args):
        if value is tensor:
            return i
    return next(name for name, value in kwargs.items() if value is tensor)


def _scalar(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], tensor: Tensor) -> float | None:
    """The one number among the arguments, or a tensor of it."""
    numbers = [a for a in (*args, *kwargs.values()) if isinstance(a, int | float) and not isinstance(a, bool)]
    if len(numbers) == 1:
        return float(numbers[0])
    others = [t for t in tensors_in(args, kwargs) if t is not tensor]
    if len(others) == 1 and others[0].numel() == 1:
        return float(others[0])
    return 1.0 if name in ("mul", "div") and others else None


def _positions(tensor: Tensor, value: _Value) -> int:
    """How many positions an image has in it, besides channels."""
    if not tensor.is_floating_point() or not ax.has(value.axes, IMAGE):
        return 0
    return math.prod(size for dim in value.axes for kind, size in dim if kind == ax.OTHER)
