"""A search: space, objectives, strategy, ledger and limits put together."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from croze.errors import CrozeError
from croze.proxies import Aggregate, Criterion, Proxy
from croze.scoring.evaluator import Quantity
from croze.scoring.ledger import Ledger
from croze.searching.history import Candidate, SearchHistory
from croze.searching.limits import Limits
from croze.searching.objectives import Objective, objective_of, quantities_of
from croze.searching.strategies import Algorithm
from croze.spaces import Space
from croze.types import Architecture, Score

IN_FLIGHT = 32
"""Architectures asked for before the first of them is told, unless a search says otherwise."""

TRIES = 1000
"""Proposals in a row that may be known already or break a limit before the search ends."""

FEW = 32
"""Candidates below which failures do not stop a search."""

__all__ = ["IN_FLIGHT", "TRIES", "Candidate", "SearchHistory", "search"]


def search(
    space: Space[Any],
    objectives: Criterion | Sequence[Objective],
    algorithm: Algorithm[Any],
    ledger: Ledger,
    budget: int,
    limits: Limits | None = None,
    watch: Callable[[SearchHistory], None] = lambda history: None,
    *,
    in_flight: int = IN_FLIGHT,
    history: SearchHistory | None = None,
    also: Sequence[Quantity] = (),
) -> SearchHistory:
    """Score `budget` distinct architectures, isomorphic ones counting as one.

    An architecture is replaced by the canonical one of its class first, so its score does not depend on which
    member was proposed. What the ledger's store knows is not computed again: the same search once more
    repeats it from the store and goes on where it ended.

    Architectures are asked for in blocks, a block ahead of the one in work, so that workers never wait for
    the last of a block; the algorithm is told in the order of asking. So neither the number of workers nor
    the order in which they finish changes anything; `in_flight` does.

    An aggregate ranks the candidates scored so far: after every block all of them are ranked anew, and the
    algorithm is told what has changed.

    Args:
        objectives: one proxy or aggregate, or several objectives for an algorithm that weighs several.
        watch: called after every score.
        in_flight: two blocks; several times the number of workers keeps them all busy.
        history: one that a guide counts in already; a new one without.
        also: what else to file in the ledger's store of every architecture, while its network is at hand.

    Raises:
        CrozeError: for a budget below 1, an algorithm that cannot weigh several objectives, or when no
            architecture meets the limits.
    """
    if isinstance(objectives, Proxy | Aggregate):
        objectives = [objective_of(objectives)]
    if budget < 1:
        raise CrozeError(f"The budget must be at least 1 architecture, got {budget}.")
    if in_flight < 1:
        raise CrozeError(f"At least 1 architecture must be in flight, got {in_flight}.")
    if len(objectives) > 1 and not algorithm.several:
        raise CrozeError(
            f"This strategy takes one objective, got {', '.join(map(str, objectives))}: use nsga2 or random."
        )
    if history is None:
        history = SearchHistory(budget, objectives)
    quantities = quantities_of(objectives)
    specs = {quantity.spec for quantity in quantities}
    wanted = [*quantities, *(quantity for quantity in also if quantity.spec not in specs)]
    proposals = _proposals(space, algorithm, ledger, limits or Limits(), history)
    size = -(-in_flight // 2)
    blocks: deque[list[Architecture]] = deque()
    scored: dict[str, list[Score]] = {}
    results = ledger.results()
    asked = 0
    while not history.ended:
        while len(blocks) < 2 and asked < budget:
            block = []
            for architecture in islice(proposals, min(size, budget - asked)):
                ledger.submit(str(architecture), wanted)
                block.append(architecture)
            asked += len(block)
            if not block:
                break
            blocks.append(block)
        if not blocks:
            break
        block = blocks.popleft()
        names = [str(architecture) for architecture in block]
        while not all(name in scored for name in names):
            done = next(results, None)
            if done is None:
                results = ledger.results()
                continue
            scored[done[0]] = done[1][: len(quantities)]
            history.scored += 1
            watch(history)
        told = len(history)
        history.add([(a, scored.pop(name)) for a, name in zip(block, names, strict=True)])
        if history.moves_ranks:
            algorithm.revise(history.current(told))
        for place, architecture in enumerate(block, start=told):
            algorithm.tell(architecture, history.merits(place))
        _stop_if_most_fail(history)
    if not history.ended and len(history) < budget:
        history.ended = (
            f"{TRIES:,} proposals in a row were scored before or broke a limit, "
            f"so the search ended at {len(history):,} of {budget:,} architectures"
        )
    return history


def _stop_if_most_fail(history: SearchHistory) -> None:
    if len(history) < FEW:
        return
    reasons = history.reasons()
    failed = sum(reasons.values())
    if 2 * failed > len(history):
        summary = "; ".join(f"{count:,} because: {reason}" for reason, count in reasons.most_common(3))
        history.ended = (
            f"More than half of the architectures failed ({failed:,} of {len(history):,}), so the search "
            f"stopped: {summary}"
        )


def _proposals(
    space: Space[Any], algorithm: Algorithm[Any], ledger: Ledger, limits: Limits, history: SearchHistory
) -> Iterator[Architecture]:
    """Canonical architectures that are new and within the limits, until too many in a row are not."""
    seen: set[str] = set()
    nearest: dict[str, float] = {}
    accepted = 0
    misses = 0
    while misses < TRIES:
        architecture = space.canonical(algorithm.ask())
        misses += 1
        if str(architecture) in seen:
            continue
        seen.add(str(architecture))
        excess = limits.broken_by(architecture, ledger)
        if excess:
            history.rejected += 1
            nearest = {name: min(size, nearest.get(name, size)) for name, size in (nearest | excess).items()}
            continue
        misses = 0
        accepted += 1
        yield architecture
    if not accepted and nearest:
        found = " or ".join(_nearest(name, size) for name, size in nearest.items())
        raise CrozeError(f"All {history.rejected:,} architectures tried break {found}: raise the limit.")


def _nearest(name: str, size: float) -> str:
    if math.isinf(size):
        return f"the limit on {name}, which is known of none"
    return f"the limit on {name}, the nearest has {size:{',.6g' if name == 'latency' else ',.0f'}}"
