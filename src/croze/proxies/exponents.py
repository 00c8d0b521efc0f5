"""A pass whose numbers leave the range of floating point: each tensor has an exponent beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor

from croze.nn.operations import MOVES, is_zero
from croze.nn.plan import Plan
from croze.nn.walk import tensors_in, words
from croze.nn.watch import Watch, replaced, taken
from croze.proxies.passes import Undefined

HOMOGENEOUS = MOVES | words(
    """
    relu leaky_relu prelu rrelu abs neg sum mean amax amin max min avg_pool1d avg_pool2d avg_pool3d
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d max_pool1d max_pool2d max_pool3d
    adaptive_max_pool1d adaptive_max_pool2d pad interpolate dropout dropout1d dropout2d dropout3d
    feature_dropout pixel_shuffle pixel_unshuffle unfold clamp_min clamp
    """
)
"""Operations of one tensor with f(c x) = c f(x) for c > 0."""

SUMS = words("add radd iadd sub isub rsub cat concat concatenate stack maximum minimum")
PRODUCTS = words("mul rmul imul matmul rmatmul bmm mm einsum")

LARGEST = 2.0**400
"""Numbers above this, or below its inverse, are rescaled."""


class Exponents(Watch):
    """A watch under which a tensor stands for itself times e to the power of its exponent.

    Results of layers are brought back to about 1. Operations that are not homogeneous see true numbers where
    those fit into float64.
    """

    def __init__(self, plan: Plan, images: int) -> None:
        super().__init__(plan, images)
        self._known: dict[int, tuple[Tensor, float]] = {}

    def exponent(self, tensor: Any) -> float:
        """Of a tensor that this pass has made; 0 for others."""
        known = self._known.get(id(tensor))
        return 0.0 if known is None else known[1]

    def visit(
        self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """The operation on scaled tensors, and the exponent of what it gives."""
        exponents = [self.exponent(t) for t in tensors_in(args, kwargs)]
        step = self.step
        if step in self._instead:  # gives a tensor of before
            return super().visit(name, func, args, kwargs)
        if not any(exponents):
            return self._keep(super().visit(name, func, args, kwargs), 0.0)
        use = self.plan.uses.get(step)
        if use is not None:
            e = self.exponent(taken(args, kwargs, use.product.x))
            if use.product.bias is not None:
                bias = taken(args, kwargs, use.product.bias)
                if isinstance(bias, Tensor):
                    args, kwargs = replaced(args, kwargs, use.product.bias, bias * _exp(-e))
            return self._keep(super().visit(name, func, args, kwargs), e)
        if name in SUMS:
            e = max(exponents)
            args, kwargs = self._aligned(args, e), {k: self._aligned((v,), e)[0] for k, v in kwargs.items()}
            return self._keep(super().visit(name, func, args, kwargs), e)
        if name in PRODUCTS:
            return self._keep(super().visit(name, func, args, kwargs), math.fsum(exponents))
        if name in ("div", "truediv", "true_divide", "idiv"):
            divisor = self.exponent(args[1]) if len(args) > 1 else 0.0
            return self._keep(super().visit(name, func, args, kwargs), self.exponent(args[0]) - divisor)
        if name in HOMOGENEOUS and (not name.startswith("clamp") or is_zero(kwargs.get("min", args[-1]))):
            return self._keep(super().visit(name, func, args, kwargs), exponents[0])
        # what is left needs the numbers themselves
        args, kwargs = self._aligned(args, 0.0), {k: self._aligned((v,), 0.0)[0] for k, v in kwargs.items()}
        if not all(bool(t.isfinite().all()) for t in tensors_in(args, kwargs) if t.is_floating_point()):
            raise Undefined(f"the positive network leaves the range of float64 in front of {name}")
        return self._keep(super().visit(name, func, args, kwargs), 0.0)

    def _aligned(self, args: tuple[Any, ...], e: float) -> tuple[Any, ...]:
        """Tensors, also those in lists, with this exponent."""
        found: list[Any] = []
        for value in args:
            if isinstance(value, Tensor) and value.is_floating_point():
                off = self.exponent(value) - e
                found.append(value if off == 0 else value * _exp(off))
            elif isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
                found.append(list(self._aligned(tuple(value), e)))
            elif isinstance(value, float | int) and not isinstance(value, bool) and e and len(args) == 2:
                found.append(value * _exp(-e))
            else:
                found.append(value)
        return tuple(found)

    def _keep(self, out: Any, e: float) -> Any:
        if isinstance(out, Tensor):
            return self._scaled(out, e)
        if isinstance(out, tuple | list):
            for tensor in out:
                if isinstance(tensor, Tensor) and e:
                    self._known[id(tensor)] = tensor, e
        return out

    def _scaled(self, out: Tensor, e: float) -> Tensor:
        if out.is_floating_point() and self.step in self.plan.uses:
            largest = float(out.detach().abs().max()) if out.numel() else 0.0
            if math.isfinite(largest) and largest > 0 and not 1 / LARGEST < largest < LARGEST:
                factor = 2.0 ** -round(math.log2(largest))
                out = out * factor
                e -= math.log(factor)
        if e:
            self._known[id(out)] = out, e
        return out


def _exp(e: float) -> float:
    return math.exp(e) if e < 709 else math.inf
