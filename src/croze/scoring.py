"""Scoring: one network, one batch, any number of proxies, every pass run once."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

import torch
from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import seeded
from croze.proxies import DEFAULT, Proxy, Undefined, find_proxies, find_proxy
from croze.proxies.passes import Passes
from croze.types import Batch, Score


def score(
    model: nn.Module,
    batch: Batch,
    proxy: str | Proxy = DEFAULT,
    *,
    seed: int = 0,
    normalises_input: bool | None = None,
) -> Score:
    """What one proxy says of an untrained network.

    Args:
        model: any classifier; left as it was (weights, buffers, gradients, mode, hooks, random state). Its
            own hooks run along with its copy.
        batch: images in [0, 1] with labels and normalisation.
        proxy: a name, a name with arguments such as `croze-paper(beta=1)`, or a `Proxy`.
        seed: for everything random in a pass (noise, dropout, re-initialisation), not for the weights;
            0 to 2**63 - 1.
        normalises_input: whether the model takes pixels in [0, 1] and normalises them itself. None asks the
            model: its attribute `normalises_input`, or no.

    Returns:
        A `Score`; one that could not be computed has `ok` false and a reason. It repeats to the bit on one
        machine with one number of torch threads (commands use one); another number rounds differently.

    Raises:
        CrozeError: for a proxy that does not exist, or arguments that make no sense.
    """
    return score_all(model, batch, [proxy], seed=seed, normalises_input=normalises_input)[0]


def score_all(
    model: nn.Module,
    batch: Batch,
    proxies: str | Iterable[str | Proxy],
    *,
    seed: int = 0,
    normalises_input: bool | None = None,
    own: bool = False,
) -> list[Score]:
    """The scores of several proxies, in their order; passes that several need run once. See `score`.

    Args:
        proxies: names separated by commas, or an iterable of names and proxies.
        own: the model was built for this call alone and may be left in another state, which saves a copy.
    """
    chosen = _chosen(proxies)
    if not isinstance(model, nn.Module) or not isinstance(batch, Batch):
        raise CrozeError(
            "Scoring takes a torch.nn.Module and a croze.Batch, "
            f"got a {type(model).__name__} and a {type(batch).__name__}."
        )
    if not 0 <= seed < 2**63:
        raise CrozeError(f"A seed lies between 0 and 2**63 - 1, got {seed}.")
    if normalises_input is None:
        normalises_input = bool(getattr(model, "normalises_input", False))
    devices = tuple({p.device for p in model.parameters()})
    # a caller may have switched gradients off, which every pass needs
    with seeded(seed, devices), torch.inference_mode(False), torch.enable_grad():
        try:
            passes = Passes.over(
                model,
                batch,
                seed=seed,
                record_features=any(proxy.needs_features for proxy in chosen),
                normalises_input=normalises_input,
                own=own,
            )
        except Exception as problem:
            return [Score(proxy.spec, None, reason=failure_reason(problem)) for proxy in chosen]
        return [_measure(proxy, passes) for proxy in chosen]


def _chosen(proxies: str | Iterable[str | Proxy]) -> list[Proxy]:
    if isinstance(proxies, str):
        return find_proxies(proxies)
    chosen = [find_proxy(proxy) if isinstance(proxy, str) else proxy for proxy in proxies]
    for proxy in chosen:
        if not isinstance(proxy, Proxy):
            raise CrozeError(f"A proxy is a name or a croze Proxy, got a {type(proxy).__name__}.")
    return chosen


def _measure(proxy: Proxy, passes: Passes) -> Score:
    start = time.perf_counter()
    try:
        found = proxy.measure(passes)
        if not math.isfinite(found.value):
            raise Undefined("the score is not finite")
    except Exception as problem:  # a candidate that fails must not end a run; the reason is kept
        return Score(proxy.spec, None, reason=failure_reason(problem), seconds=time.perf_counter() - start)
    seconds = time.perf_counter() - start
    return Score(proxy.spec, found.value, layers=found.layers, notes=found.notes, seconds=seconds)


def failure_reason(problem: BaseException) -> str:
    """One line that says why a score could not be computed."""
    if isinstance(problem, Undefined | CrozeError):
        return str(problem)
    lines = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {lines[0]}" if lines else type(problem).__name__
