"""Scoring: one network, one batch, any number of proxies, every pass run once."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

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
        model: any classifier; left as it was (weights, buffers, gradients, mode, hooks, random state).
        batch: images in [0, 1] with labels and normalisation.
        proxy: a name, a name with arguments such as `croze-paper(beta=1)`, or a `Proxy`.
        seed: for everything random in a pass (noise, dropout, re-initialisation), not for the weights.
        normalises_input: whether the model takes pixels in [0, 1] and normalises them itself. None asks the
            model: its attribute `normalises_input`, or no.

    Returns:
        A `Score`; one that could not be computed has `ok` false and a reason.

    Raises:
        CrozeError: for a proxy that does not exist or arguments that make no sense.
    """
    chosen = find_proxy(proxy) if isinstance(proxy, str) else proxy
    return score_all(model, batch, [chosen], seed=seed, normalises_input=normalises_input)[0]


def score_all(
    model: nn.Module,
    batch: Batch,
    proxies: str | Iterable[Proxy],
    *,
    seed: int = 0,
    normalises_input: bool | None = None,
    own: bool = False,
) -> list[Score]:
    """The scores of several proxies, in their order; passes that several need run once. See `score`.

    Args:
        own: the model was built for this call alone and may be left in another state, which saves a copy.
    """
    chosen = find_proxies(proxies) if isinstance(proxies, str) else list(proxies)
    if normalises_input is None:
        normalises_input = bool(getattr(model, "normalises_input", False))
    with seeded(seed):
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


def failure_reason(problem: Exception) -> str:
    """One line that says why a score could not be computed."""
    if isinstance(problem, Undefined | CrozeError):
        return str(problem)
    lines = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {lines[0]}" if lines else type(problem).__name__
