"""Following a network's operations, whatever function, method or module calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Call = Callable[..., Any]


def words(text: str) -> frozenset[str]:
    """Names, separated by spaces."""
    return frozenset(text.split())


PASSIVE = words(
    """
    shape size dim ndim dtype device layout is_floating_point is_complex requires_grad requires_grad_
    grad_fn grad is_leaf is_cuda is_cpu is_meta is_mps is_xpu is_sparse is_nested is_quantized
    is_inference is_contiguous is_set_to names numel nelement stride storage_offset element_size
    itemsize nbytes data_ptr len bool item tolist numpy _version _base _is_view register_hook
    retain_grad names has_names output_nr format repr str hash iter untyped_storage storage get_device
    is_same_size is_grad_enabled _set_grad_enabled set_grad_enabled volatile is_nonzero backward
    dim_order is_neg is_conj type_as_none is_vulkan is_shared numpy_T name data_none
    """
)
"""What asks something of a tensor, and computes none."""


class Walk(TorchFunctionMode):
    """While this is active, `visit` sees every operation on floating tensors, counted in order.

    The number of an operation is the same in every pass of a network, whatever the number of images.
    Attention is seen as the operations that it is made of.

    Attributes:
        step: number of the operation that runs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.step = -1

    def __torch_function__(
        self, func: Call, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Count the call and hand it on to `visit`."""
        name = _NAMES.get(func) or _remember(func)
        kwargs = kwargs or {}
        if name in PASSIVE:
            return func(*args, **kwargs)
        if func is functional.multi_head_attention_forward:
            with self:
                return _open_attention(*args, **kwargs)
        first = args[0] if args else None
        whole = isinstance(first, Tensor) and not (first.is_floating_point() or first.dtype == torch.bool)
        if whole and not any(t.is_floating_point() or t.is_complex() for t in tensors_in(args, kwargs)):
            return func(*args, **kwargs)  # counters of passes and the like
        self.step += 1
        return self.visit(name, func, args, kwargs)

    def begin(self, x: Tensor) -> None:
        """What the network will be given."""
        self.step = -1

    def visit(self, name: str, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the operation; a subclass does more.

        Args:
            name: as torch calls it, without the underscores of in-place and special methods.
        """
        return func(*args, **kwargs)


@contextmanager
def without_fused_attention() -> Iterator[None]:
    """Layers of attention run operation by operation, also where nothing is differentiated."""
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def tensors_in(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Tensor]:
    """The tensors that a call is given, also those in lists."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from (v for v in value if isinstance(v, Tensor))


def argument(
    args: tuple[Any, ...], kwargs: dict[str, Any], index: int, name: str, default: Any = None
) -> Any:
    """An argument by position or name."""
    return args[index] if len(args) > index else kwargs.get(name, default)


_NAMES: dict[Any, str] = {}
_KERNELS = {"depthwise": "conv2d", "tapped": "conv2d", "average_pool": "avg_pool2d"}
"""What this package's kernels are another way for."""


def _remember(func: Any) -> str:
    name = getattr(func, "__name__", "")
    if name in ("__get__", "__set__"):  # of a property such as `x.T`
        name = func.__self__.__name__ if name == "__get__" else "set"
    name = name.split(".")[0].strip("_")
    name = _KERNELS.get(name, name)
    if not isinstance(func, MethodType):  # which would keep its network alive
        _NAMES[func] = name
    return name


# without its question whether somebody is watching, which would be answered with yes for ever
_open_attention = FunctionType(
    functional.multi_head_attention_forward.__code__,
    {**functional.multi_head_attention_forward.__globals__, "has_torch_function": lambda _: False},
    "multi_head_attention_forward",
    functional.multi_head_attention_forward.__defaults__,
)
_open_attention.__kwdefaults__ = functional.multi_head_attention_forward.__kwdefaults__
