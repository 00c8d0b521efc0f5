"""What torch's operations do to axes, and where a product of images and weights has its weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from croze.nn import axes as ax
from croze.nn.axes import CHANNEL, Axes
from croze.nn.walk import argument, words

SAME = words(
    """
    contiguous clone to type float double half bfloat16 type_as identity alias requires_grad detach data
    """
)
"""What gives the same values at the same places."""

RESHAPES = words(
    """
    view reshape flatten unflatten squeeze unsqueeze view_as reshape_as ravel _unsafe_view
    """
)
PERMUTES = words(
    """
    permute transpose swapaxes swapdims movedim moveaxis t T mT H mH adjoint swapdims matrix_transpose
    """
)
CUTS = words(
    """
    chunk split tensor_split unsafe_chunk unsafe_split split_with_sizes unbind getitem select narrow
    index_select expand expand_as roll flip hsplit vsplit dsplit
    """
)
MOVES = RESHAPES | PERMUTES | CUTS | SAME
"""What moves values about, and computes none."""

HOMOGENEOUS = {"sqrt": 0.5, "rsqrt": -0.5, "square": 2.0, "abs": 1.0, "neg": 1.0, "reciprocal": -1.0}
"""Elementwise functions of x with f(c x) = c^k f(x), and k."""

ELEMENTWISE = words(
    """
    sigmoid tanh erf erfc exp expm1 log log1p softplus hardsigmoid logsigmoid softsign sign gt ge lt le
    greater greater_equal less less_equal logical_not clamp clamp_min clamp_max hardtanh relu relu6
    threshold
    """
)

REDUCTIONS = {
    "mean": 1.0,
    "sum": 1.0,
    "var": 2.0,
    "std": 1.0,
    "norm": 1.0,
    "vector_norm": 1.0,
    "linalg_norm": 1.0,
    "linalg_vector_norm": 1.0,
    "var_mean": 2.0,
    "std_mean": 1.0,
    "amax": 1.0,
    "amin": 1.0,
}
"""Statistics of x, and their degree in it."""

SECOND_MOMENTS = words("var std norm vector_norm linalg_norm linalg_vector_norm var_mean std_mean")

RECTIFIERS = words("relu relu6 leaky_relu rrelu elu selu celu prelu gelu silu mish hardswish")
"""Activations that let positive inputs pass and hold negative ones back; gates such as sigmoid do not."""

NORMS = {
    # name: positions of weight and bias, and of running mean and variance
    "layer_norm": (2, 3), "group_norm": (2, 3), "rms_norm": (2, None),
    "instance_norm": (3, 4), "batch_norm": (3, 4),
    "normalize": (None, None), "local_response_norm": (None, None),
}  # fmt: skip
"""Normalisations that torch names, and the positions of weight and bias among their arguments."""


def rectifies(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the operation is a rectifier of its first argument, or of one that it is compared with."""
    if name in RECTIFIERS:
        return True
    if name in ("hardtanh", "clamp", "clip"):
        low = argument(
            args, kwargs, 1, "min_val" if name == "hardtanh" else "min", -1.0 if name == "hardtanh" else None
        )
        high = argument(args, kwargs, 2, "max_val" if name == "hardtanh" else "max", None)
        if name == "hardtanh":
            return _number(low) is not None and float(low) >= 0
        return _is_zero(low) and (high is None or (_number(high) is not None and float(high) > 0))
    if name == "clamp_min":
        return _is_zero(argument(args, kwargs, 1, "min"))
    if name == "threshold":
        return _is_zero(argument(args, kwargs, 1, "threshold")) and _is_zero(
            argument(args, kwargs, 2, "value")
        )
    return False


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _is_zero(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.numel() > 0 and not bool(value.any())
    return value is not None and _number(value) == 0


is_zero = _is_zero


@dataclass(frozen=True)
class Product:
    """A product of images with a weight.

    Attributes:
        x, weight, bias: their positions among the arguments; keyword names where they come so.
        order: dimensions of the weight, those of outputs first.
        outputs: how many dimensions are those of outputs.
        groups: of a transposed convolution; 0 for what is none.
        axes: of the result.
    """

    x: int | str
    weight: int | str
    bias: int | str | None
    order: tuple[int, ...]
    outputs: int
    groups: int
    axes: Axes

    @property
    def as_it_lies(self) -> bool:
        """Whether a weight is `(outputs, inputs, ...)` as it is."""
        return not self.groups and self.outputs == 1 and self.order == tuple(range(len(self.order)))

    def canonical(self, weight: Tensor) -> Tensor:
        """A weight as `(outputs, inputs, ...)`."""
        if self.groups:  # (inputs, outputs of a group, ...), which reaches backwards
            split: Tensor = weight.unflatten(0, (self.groups, -1))  # type: ignore[no-untyped-call]
            grouped = split.transpose(1, 2).flatten(0, 1)
            return grouped.flip(tuple(range(2, weight.ndim)))
        if self.as_it_lies:
            return weight
        moved = weight.permute(self.order)
        return moved.flatten(0, self.outputs - 1) if self.outputs else moved.unsqueeze(0)


CONVOLUTIONS = {f"conv{d}d": d for d in (1, 2, 3)}
TRANSPOSED = {f"conv_transpose{d}d": d for d in (1, 2, 3)}
PLACES: dict[str, tuple[tuple[str, ...], ...]] = {
    # names of x, weight and bias by position
    **dict.fromkeys((*CONVOLUTIONS, *TRANSPOSED, "linear"), (("input",), ("weight",), ("bias",))),
    "matmul": (("input",), ("other",)),
    "mm": (("input",), ("mat2",)),
    "bmm": (("input",), ("mat2",)),
    "mv": (("input",), ("vec",)),
    "rmatmul": (("input",), ("other",)),
    "addmm": (("input",), ("mat1",), ("mat2",)),
    "baddbmm": (("input",), ("batch1",), ("batch2",)),
    "dot": (("input",), ("other",)),
}


def place(
    args: tuple[Any, ...], kwargs: dict[str, Any], index: int, names: Sequence[str]
) -> int | str | None:
    """Where an argument stands."""
    if len(args) > index:
        return index
    return next((name for name in names if name in kwargs), None)


def product_of(
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    out: Tensor,
    axes_of: Callable[[Any], Axes | None],
    is_weight: Callable[[Any], bool],
) -> Product | None:
    """The product of images and weight that this operation is; None when it is something else."""

    def get(at: int | str | None) -> Any:
        return None if at is None else args[at] if isinstance(at, int) else kwargs[at]

    if name == "einsum":
        return _einsum(args, out, axes_of, is_weight)
    if name not in PLACES:
        return None
    places = [place(args, kwargs, i, names) for i, names in enumerate(PLACES[name])]
    bias: int | str | None = None
    if name in ("addmm", "baddbmm"):
        bias, left, right = places
    else:
        left, right = places[:2]
        bias = places[2] if len(places) > 2 else None
    a, b = get(left), get(right)
    if name == "rmatmul":
        a, b, left, right = b, a, right, left
    of_a, of_b = axes_of(a), axes_of(b)
    if left is None or right is None:
        return None
    if of_a is not None and is_weight(b):
        x, weight = left, right
    elif (
        of_b is not None
        and is_weight(a)
        and name not in CONVOLUTIONS
        and name not in TRANSPOSED
        and name != "linear"
    ):
        x, weight = right, left
    else:
        return None
    w = get(weight)
    carried = ax.without_channels(of_a if weight == right else of_b)
    order = tuple(range(w.ndim))
    if name in CONVOLUTIONS or name in TRANSPOSED:
        dims = (CONVOLUTIONS | TRANSPOSED)[name]
        spatial = ax.plain(out.shape[-dims:])
        lead = carried[:1] if out.ndim == dims + 2 else ()
        groups = int(argument(args, kwargs, 6, "groups", 1)) if name in TRANSPOSED else 0
        found = (*lead, ((CHANNEL, out.shape[-dims - 1]),) if out.shape[-dims - 1] != 1 else (), *spatial)
        return Product(x, weight, bias, order, 1, groups, found)
    if name == "linear":
        if w.ndim == 1:
            return Product(x, weight, bias, order, 0, 0, carried[:-1])
        return Product(x, weight, bias, order, 1, 0, (*carried[:-1], ((CHANNEL, w.shape[0]),)))
    if w.ndim == 1:
        cut = carried[:-1] if weight == right else (*carried[:-2], carried[-1])
        return Product(x, weight, bias, order, 0, 0, cut)
    batch = order[:-2]
    if weight == right:  # x (..., in), weight (batch..., in, out)
        moved = (*batch, w.ndim - 1, w.ndim - 2)
        rest = carried[:-1] if len(carried) > 1 else ()
        found = (*rest, ((CHANNEL, w.shape[-1]),))
    else:  # weight (batch..., out, in), x (..., in, positions)
        moved = (*batch, w.ndim - 2, w.ndim - 1)
        found = (
            (*carried[:-2], ((CHANNEL, w.shape[-2]),), carried[-1])
            if len(carried) > 1
            else (((CHANNEL, w.shape[-2]),),)
        )
    found = tuple(() if dim == ((CHANNEL, 1),) else dim for dim in found)
    if len(found) != out.ndim:
        found = ax.like(found, out.shape)
    return Product(x, weight, bias, moved, len(batch) + 1, 0, found)


def _einsum(
    args: tuple[Any, ...],
    out: Tensor,
    axes_of: Callable[[Any], Axes | None],
    is_weight: Callable[[Any], bool],
) -> Product | None:
    if len(args) == 2 and isinstance(args[1], list | tuple):
        args = (args[0], *args[1])
    if len(args) != 3 or not isinstance(args[0], str):
        return None
    inputs, _, result = args[0].replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != 2:
        return None
    if not result:
        result = "".join(sorted(c for c in set(inputs) - {","} if inputs.count(c) == 1))
    at = 2 if is_weight(args[2]) else 1 if is_weight(args[1]) else 0
    x = args[3 - at] if at else None
    known = axes_of(x)
    if x is None or known is None or "." in terms[at - 1]:
        return None
    of_weight, of_x = terms[at - 1], terms[2 - at]
    outputs = [c for c in of_weight if c in result]
    order = (*(of_weight.index(c) for c in outputs), *(i for i, c in enumerate(of_weight) if c not in result))
    carried = ax.without_channels(known)
    if "..." in of_x:
        left, right = of_x.split("...")
        inner = [f".{i}" for i in range(x.ndim - len(left) - len(right))]
        letters = [*left, *inner, *right]
        i = result.index("...")
        final = [*result[:i], *inner, *result[i + 3 :]]
    else:
        letters, final = list(of_x), list(result)
    found = tuple(
        (((CHANNEL, size),) if size != 1 else ()) if c in of_weight else carried[letters.index(c)]
        for c, size in zip(final, out.shape, strict=True)
    )
    return Product(3 - at, at, None, order, len(outputs), 0, found)


def keeps_all(name: str, args: tuple[Any, ...]) -> bool:
    """Whether an operation of `CUTS` cuts nothing, such as `x[:, None]`."""
    if name in ("expand", "expand_as"):
        return True
    if name != "getitem":
        return False
    parts = args[1] if isinstance(args[1], tuple) else (args[1],)
    return all(
        part is None or part is Ellipsis or (isinstance(part, slice) and part == slice(None))
        for part in parts
    )


def moved_axes(
    name: str,
    func: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    axes: Axes,
    x: Tensor,
    out: Tensor,
) -> Axes:
    """Of what an operation of `MOVES` makes of a tensor with these axes."""
    if name in SAME:
        return axes
    if name in RESHAPES:
        return ax.reshaped(axes, out.shape) or ax.like(axes, out.shape)
    if name in PERMUTES:
        # sizes that tell dimensions apart show where each of them goes
        probe = torch.empty([i + 2 for i in range(x.ndim)], device="meta")
        went = func(probe, *args[1:], **{k: v for k, v in kwargs.items() if k not in ("input", "self")})
        return tuple(axes[size - 2] for size in went.shape)
    if name in ("unbind", "select"):
        dim = int(argument(args, kwargs, 1, "dim", 0)) % x.ndim
        return axes[:dim] + axes[dim + 1 :]
    if name == "getitem":
        return _indexed(args[1], axes, x, out)
    if name == "expand" or name == "expand_as":
        lead = out.ndim - x.ndim
        return ax.broadcast((axes,), out.shape) if lead >= 0 else ax.like(axes, out.shape)
    return ax.like(axes, out.shape)


def _indexed(index: Any, axes: Axes, x: Tensor, out: Tensor) -> Axes:
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(isinstance(p, Tensor | list) for p in parts):
        return ax.like(axes, out.shape)
    used = sum(p is not None and p is not Ellipsis for p in parts)
    if Ellipsis not in parts:
        parts.append(Ellipsis)
    found: list[tuple[ax.Atom, ...]] = []
    d = 0
    for part in parts:
        if part is None:
            found.append(())
        elif part is Ellipsis:
            found += axes[d : d + x.ndim - used]
            d += x.ndim - used
        elif isinstance(part, slice):
            found.append(axes[d])
            d += 1
        else:
            d += 1
    return ax.like(tuple(found), out.shape)


def reduced_axes(args: tuple[Any, ...], kwargs: dict[str, Any], axes: Axes, out: Tensor, at: int = 1) -> Axes:
    """Of a reduction of some dimensions."""
    dims = argument(args, kwargs, at, "dim", kwargs.get("axis"))
    if dims is None or isinstance(dims, bool):
        return ax.plain(out.shape)
    gone = {int(d) % len(axes) for d in (dims if isinstance(dims, list | tuple) else [dims])}
    if out.ndim == len(axes):
        return tuple(() if d in gone else dim for d, dim in enumerate(axes))
    return tuple(dim for d, dim in enumerate(axes) if d not in gone)
