"""Scoring: one network, one batch, any number of proxies, every pass run once."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

import torch
from torch import nn

from croze.errors import CrozeError
from croze.nn.seeding import exact_convolutions, seeded
from croze.proxies import DEFAULT, Aggregate, Criterion, Proxy, Undefined, parse_proxies, parts_of
from croze.proxies.passes import Passes
from croze.proxies.reference import DEFAULT_REFERENCE, load_reference, with_aggregates
from croze.types import Batch, Score


def score(
    model: nn.Module,
    batch: Batch,
    proxy: str | Criterion = DEFAULT,
    *,
    seed: int = 0,
    normalises_input: bool | None = None,
    micro_batch: int | None = None,
    reference: str = DEFAULT_REFERENCE,
) -> Score:
    """What one proxy says of an untrained network.

    >>> import croze
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(7200, 10))
    >>> croze.score(model, croze.load_batch("digits", size=8), proxy="params").value
    72234.0

    Args:
        model: any classifier; left as it was (weights, buffers, gradients, mode, hooks, random state). Its
            own hooks run along with its copy.
        batch: images in [0, 1] with labels and normalisation.
        proxy: a name, a name with arguments such as `croze-paper(beta=1)`, an aggregate such as
            `rank(snip, jacob-cov)`, a `Proxy` or an `Aggregate`.
        seed: for everything random in a pass (noise, dropout, re-initialisation), not for the weights;
            0 to 2**63 - 1.
        normalises_input: whether the model takes pixels in [0, 1] and normalises them itself. None asks the
            model: its attribute `normalises_input`, or no.
        micro_batch: most images that the network sees at once, to save memory; None for the whole batch.
            A proxy or a network for which that would give another score refuses it with a failed `Score`.
        reference: the population among which an aggregate places the network: the name of one that the
            package ships, or a file that `croze reference` wrote; proxies do not need one.

    Returns:
        A `Score`; one that could not be computed has `ok` false and a reason. It repeats to the bit on one
        machine with one number of torch threads (commands use one); another number rounds differently.

    Raises:
        CrozeError: for a proxy that does not exist, or arguments that make no sense.
    """
    return score_all(
        model,
        batch,
        [proxy],
        seed=seed,
        normalises_input=normalises_input,
        micro_batch=micro_batch,
        reference=reference,
    )[0]


def score_all(
    model: nn.Module,
    batch: Batch,
    proxies: str | Iterable[str | Criterion],
    *,
    seed: int = 0,
    normalises_input: bool | None = None,
    micro_batch: int | None = None,
    reference: str = DEFAULT_REFERENCE,
    own: bool = False,
) -> list[Score]:
    """The scores of several proxies, in their order; passes that several need run once. See `score`.

    >>> import croze
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(7200, 10))
    >>> found = croze.score_all(model, croze.load_batch("digits"), "params, gradnorm, rank(snip,jacob-cov)")
    >>> [(score.proxy, score.ok) for score in found]
    [('params', True), ('gradnorm', True), ('rank(snip,jacob-cov)', True)]

    Args:
        proxies: names separated by commas, or an iterable of names, proxies and aggregates.
        own: the model was built for this call alone and may be left in another state, which saves a copy.
    """
    criteria = parse_proxies(proxies)
    chosen = parts_of(criteria)
    if any(isinstance(criterion, Aggregate) for criterion in criteria):
        load_reference(reference)  # a name that is wrong is found before anything is computed
    if not isinstance(model, nn.Module) or not isinstance(batch, Batch):
        raise CrozeError(
            "Scoring takes a torch.nn.Module and a croze.Batch, "
            f"got a {type(model).__name__} and a {type(batch).__name__}."
        )
    if not 0 <= seed < 2**63:
        raise CrozeError(f"A seed lies between 0 and 2**63 - 1, got {seed}.")
    if micro_batch is not None and micro_batch < 1:
        raise CrozeError(f"A micro-batch holds at least 1 image, got {micro_batch}.")
    if normalises_input is None:
        normalises_input = bool(getattr(model, "normalises_input", False))
    devices = tuple({p.device for p in model.parameters()})
    # a caller may have switched gradients off, which every pass needs
    with seeded(seed, devices), exact_convolutions(), torch.inference_mode(False), torch.enable_grad():
        try:
            passes = Passes.over(
                model,
                batch,
                seed=seed,
                asked=frozenset[tuple[str, str]]().union(*(proxy.asks for proxy in chosen)),
                micro_batch=micro_batch,
                normalises_input=normalises_input,
                own=own,
            )
        except Exception as problem:
            found = {proxy.spec: Score(proxy.spec, None, reason=failure_reason(problem)) for proxy in chosen}
        else:
            found = {proxy.spec: _measure(proxy, passes) for proxy in chosen}
    return with_aggregates(criteria, found, batch, reference)


def _measure(proxy: Proxy, passes: Passes) -> Score:
    start = time.perf_counter()
    try:
        if (passes.micro_batch or len(passes.labels)) < len(passes.labels) and not proxy.runs_in_chunks:
            raise Undefined(f"{proxy.name} needs the whole batch at once: score it without micro-batches")
        found = proxy.measure(passes)
        if not math.isfinite(found.value):
            raise Undefined("the score is not finite")
    except Exception as problem:  # a candidate that fails must not end a run; the reason is kept
        reason = failure_reason(problem)
        problem.__traceback__ = None  # a pass remembers its failure; frames would keep its graph alive
        return Score(proxy.spec, None, reason=reason, seconds=time.perf_counter() - start)
    seconds = time.perf_counter() - start
    return Score(proxy.spec, found.value, layers=found.layers, notes=found.notes, seconds=seconds)


def failure_reason(problem: BaseException) -> str:
    """One line that says why a score could not be computed."""
    if isinstance(problem, Undefined | CrozeError):
        return str(problem)
    lines = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {lines[0]}" if lines else type(problem).__name__
