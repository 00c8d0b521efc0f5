"""Sizes of a network: parameters, live parameters, multiply-adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from croze.nn.forward import outputs_of
from croze.nn.parts import Parts
from croze.nn.scratch import evaluating, scratch
from croze.nn.seeding import seeded


def parameter_count(model: nn.Module) -> int:
    """Number of trainable parameters, shared ones once."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def live_parameter_count(model: nn.Module, inputs: Tensor) -> int:
    """Number of trainable parameters in tensors that a gradient of the logits reaches.

    A tensor counts when its gradient for a random projection of the logits is not zero throughout. Tensors
    that start at zero everywhere (the last scale of a residual branch, say) would hide the branch behind
    them, so small random numbers stand in their place while this is measured.

    Args:
        model: any classifier; not changed.
        inputs: what the model takes, `(N, C, H, W)`.
    """
    trainable = [name for name, p in model.named_parameters() if p.requires_grad]
    return live_count_in(scratch(model), trainable, inputs)


def live_count_in(network: nn.Module, trainable: Sequence[str], inputs: Tensor) -> int:
    """The same for a scratch copy, whose parameters stay as they are, and the names of what is trainable."""
    parameters = {name: network.get_parameter(name).detach() for name in trainable}
    with seeded(0, (inputs.device,)), torch.enable_grad():
        for name, parameter in parameters.items():
            visible = parameter if parameter.any() else (0.02 * torch.randn(parameter.shape)).to(parameter)
            parameters[name] = visible.requires_grad_(True)
        with Parts(network).filled(parameters):
            logits, _ = outputs_of(network(inputs.clone()), len(inputs))
        projected = (logits * torch.randn(logits.shape).to(logits)).sum()
        if not projected.requires_grad or not parameters:
            return 0
        gradients = torch.autograd.grad(projected, list(parameters.values()), allow_unused=True)
    return sum(g.numel() for g in gradients if g is not None and bool(g.any()))


def counted_without_weights(build: Callable[[], nn.Module], count: Callable[[nn.Module], int]) -> int:
    """A count of the network on the `meta` device, which holds no numbers and computes nothing.

    A network that cannot be built or counted so is counted as it is.
    """
    try:
        with torch.device("meta"):
            network = build()
        return count(network)
    except Exception:
        return count(build())


def reachable_parameter_count(model: nn.Module, shape: Sequence[int]) -> int:
    """Number of trainable parameters that the graph of one forward pass connects with the logits.

    At least the live ones: a gradient that is zero throughout counts as one here. On the `meta` device it is
    known without computing anything. Modes and buffers are as before afterwards.

    Args:
        model: any classifier.
        shape: of one input, `(C, H, W)`.
    """
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not trainable:
        return 0
    first = next(iter(trainable.values()))
    x = torch.zeros(1, *shape, device=first.device, dtype=first.dtype)
    with evaluating(model), Parts(model).filled({}), torch.enable_grad():
        total = outputs_of(model(x), 1)[0].sum()
        if not total.requires_grad:
            return 0
        gradients = torch.autograd.grad(total, list(trainable.values()), allow_unused=True)
    return sum(g.numel() for g in gradients if g is not None)


@contextmanager
def seen_by_counters() -> Iterator[None]:
    """Without torch's fused attention kernels, whose operations no counter and no hook sees."""
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


def flop_count(model: nn.Module, shape: Sequence[int]) -> int:
    """Multiply-adds of one forward pass for one input of this shape `(C, H, W)`.

    Convolutions, linear layers, matrix products and attention count; additions, normalisation, activations
    and pooling do not. Modes and buffers are as before afterwards. A model on the `meta` device is
    counted without computing anything.
    """
    first = next(model.parameters(), None)
    device = first.device if first is not None else torch.device("cpu")
    dtype = first.dtype if first is not None else torch.float32
    x = torch.zeros(1, *shape, device=device, dtype=dtype)
    counter = FlopCounterMode(display=False)
    with evaluating(model), Parts(model).filled({}), torch.no_grad(), seen_by_counters(), counter:
        model(x)
    return int(counter.get_total_flops()) // 2
