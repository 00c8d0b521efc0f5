"""The contract of a proxy, as checks to run on one's own: each raises AssertionError with what broke."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from croze.proxies import PROXIES, Proxy
from croze.scoring.score import score, score_all
from croze.types import Batch, Score


def check_proxy(
    proxy: Proxy,
    make_network: Callable[[], nn.Module],
    batch: Batch,
    company: Sequence[Proxy] | None = None,
) -> Score:
    """The whole contract on one kind of network; returns the score for further checks.

    The model and torch's random state are left to the bit as they were; the score repeats to the bit and does
    not depend on what else is scored; it is a finite number or a failure with a reason, never something else.

    Args:
        company: what is scored before it in the same call; None for every other proxy there is. For many
            proxies `check_independence` does the same in less time.
    """
    model = _fresh(make_network)
    first = check_leaves_untouched(proxy, model, batch)
    check_score(first)
    assert score(model, batch, proxy) == first, f"{proxy.spec} gives another score the second time"
    if company is None:
        company = [kind() for kind in PROXIES.values() if not isinstance(proxy, kind)]
    if company:
        last = score_all(model, batch, [*company, copy.deepcopy(proxy)])[-1]
        assert last == first, f"{proxy.spec} depends on what came before"
    return first


def check_independence(
    proxies: Sequence[Proxy], make_network: Callable[[], nn.Module], batch: Batch
) -> list[Score]:
    """No score depends on the others: alone, in this order and in reverse they are equal to the bit."""
    model = _fresh(make_network)
    alone = [score(model, batch, proxy) for proxy in proxies]
    forwards = score_all(model, batch, proxies)
    backwards = score_all(model, batch, proxies[::-1])[::-1]
    for proxy, *found in zip(proxies, alone, forwards, backwards, strict=True):
        assert found[0] == found[1] == found[2], f"{proxy.spec} depends on what else is scored"
    return alone


def check_score(found: Score) -> None:
    """A value or a reason, never both, never a value that is no number."""
    assert found.ok == (found.value is not None)
    if found.value is None:
        assert found.reason, f"{found.proxy} failed without a reason"
        assert not found.layers
    else:
        assert math.isfinite(found.value), f"{found.proxy} returned {found.value}"
        assert not found.reason
        assert all(math.isfinite(v) for layer in found.layers for v in layer.terms.values())


def check_leaves_untouched(proxy: Proxy, model: nn.Module, batch: Batch) -> Score:
    """Weights, buffers, gradients, requires_grad, modes, hooks, random state and images stay as they were.

    Returns the score.
    """
    for index, parameter in enumerate(model.parameters()):
        parameter.grad = torch.full_like(parameter, float(index)) if parameter.requires_grad else None
    for index, module in enumerate(model.modules()):
        module.training = index % 2 == 0
    before, digest = state_of(model), batch.digest()
    random_state = torch.get_rng_state()
    found = score(model, batch, proxy)
    assert torch.equal(random_state, torch.get_rng_state()), f"{proxy.spec} moves the global random state"
    assert batch.digest() == digest, f"{proxy.spec} changes the batch"
    check_same(before, state_of(model), proxy.spec)
    return found


def check_same(before: Mapping[str, Any], after: Mapping[str, Any], who: str) -> None:
    """Two states of a model, as `state_of` gives them, are equal to the bit."""
    assert before.keys() == after.keys()
    for key, value in before.items():
        same = torch.equal(value, after[key]) if isinstance(value, torch.Tensor) else value == after[key]
        assert same, f"{who} changes {key} of the model"


def state_of(model: nn.Module) -> dict[str, Any]:
    """Everything that a pass may not change."""
    state: dict[str, Any] = {}
    for name, parameter in model.named_parameters():
        state[f"parameter {name}"] = parameter.detach().clone()
        state[f"stride {name}"] = parameter.stride()
        state[f"identity {name}"] = id(parameter)
        state[f"trainable {name}"] = parameter.requires_grad
        state[f"gradient {name}"] = None if parameter.grad is None else parameter.grad.clone()
    for name, buffer in model.named_buffers():
        state[f"buffer {name}"] = buffer.clone()
    for name, module in model.named_modules():
        state[f"mode {name}"] = module.training
        state[f"hooks {name}"] = (
            len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        )
    return state


def _fresh(make_network: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make_network()
