"""A search: space, proxy, strategy, ledger and limits put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch

from croze.errors import CrozeError
from croze.evaluation import Ledger
from croze.nn.count import flop_count, parameter_count
from croze.proxies import Proxy
from croze.search import Algorithm
from croze.spaces import Space
from croze.types import Architecture, Batch, Score

BATCH = 16
"""Proposals made before their scores are told. Fixed, so that the number of workers changes no result."""

TRIES = 1000
"""Proposals in a row that may be known already or break a limit before the search ends."""


@dataclass(frozen=True)
class Limits:
    """What a candidate may cost; None for no limit.

    Attributes:
        params: trainable parameters.
        flops: multiply-adds of one image.
    """

    params: int | None = None
    flops: int | None = None


@dataclass(frozen=True)
class Candidate:
    """An architecture with its score."""

    architecture: Architecture
    score: Score


@dataclass
class Progress:
    """Where a search stands.

    Attributes:
        candidates: everything scored so far, in the order of asking.
        rejected: number of architectures that broke a limit.
        ended: why the search stopped before its budget; empty when it did not.
    """

    budget: int
    higher_is_better: bool = True
    candidates: list[Candidate] = field(default_factory=list)
    rejected: int = 0
    ended: str = ""

    def ranking(self) -> list[Candidate]:
        """Those with a score, best first; equal scores in the order of asking."""
        good = [c for c in self.candidates if c.score.value is not None]
        sign = -1.0 if self.higher_is_better else 1.0
        return sorted(good, key=lambda c: sign * (c.score.value or 0.0))

    def failures(self) -> list[Candidate]:
        """Those that have none."""
        return [c for c in self.candidates if not c.score.ok]

    def seconds(self) -> float:
        """Device-seconds that the scores took, those found in the store included."""
        return sum(c.score.seconds for c in self.candidates)


def sizes(space: Space[Any], architecture: Architecture, batch: Batch) -> tuple[int, int]:
    """Parameters and multiply-adds of the network, counted without allocating it."""
    with torch.device("meta"):
        network = space.build(architecture, classes=batch.classes, seed=0)
    return parameter_count(network), flop_count(network, batch.images.shape[1:])


def search(
    space: Space[Any],
    proxy: Proxy,
    algorithm: Algorithm[Any],
    ledger: Ledger,
    budget: int,
    limits: Limits | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Score `budget` distinct architectures, isomorphic ones counting as one.

    An architecture is replaced by the canonical one of its class before anything else, so its score does not
    depend on which member was proposed. What the ledger's store knows is not computed again: running the same
    search once more repeats it from the store and goes on where it ended.

    Args:
        watch: called after every score.

    Raises:
        CrozeError: for a budget below 1, or when no architecture meets the limits.
    """
    if budget < 1:
        raise CrozeError(f"The budget must be at least 1 architecture, got {budget}.")
    progress = Progress(budget, proxy.higher_is_better)
    proposals = _proposals(space, algorithm, ledger.evaluator.batch, limits or Limits(), progress)
    while len(progress.candidates) < budget and not progress.ended:
        wanted = min(BATCH, budget - len(progress.candidates))
        batch = {str(a): a for a in islice(proposals, wanted)}
        done = dict[str, Candidate]()
        asked_before = list(progress.candidates)
        for text, (score,) in ledger.scores(list(batch), [proxy]):
            done[text] = Candidate(batch[text], score)
            progress.candidates = asked_before + [done[t] for t in batch if t in done]
            watch(progress)
        for text, architecture in batch.items():
            value = done[text].score.value
            algorithm.tell(architecture, value if value is None or proxy.higher_is_better else -value)
    return progress


def _proposals(
    space: Space[Any], algorithm: Algorithm[Any], batch: Batch, limits: Limits, progress: Progress
) -> Iterator[Architecture]:
    """Canonical architectures that are new and within the limits, until too many in a row are not."""
    seen: set[Architecture] = set()
    nearest: tuple[int, int] | None = None
    accepted = 0
    misses = 0
    while misses < TRIES:
        architecture = space.canonical(algorithm.ask())
        misses += 1
        if architecture in seen:
            continue
        seen.add(architecture)
        if limits != Limits():
            size = sizes(space, architecture, batch)
            if (limits.params is not None and size[0] > limits.params) or (
                limits.flops is not None and size[1] > limits.flops
            ):
                progress.rejected += 1
                nearest = size if nearest is None else min(nearest, size)
                continue
        misses = 0
        accepted += 1
        yield architecture
    if not accepted and nearest is not None:
        raise CrozeError(
            f"None of {progress.rejected:,} architectures met the limits; the smallest has {nearest[0]:,} "
            f"parameters and {nearest[1]:,} multiply-adds: raise --max-params or --max-flops."
        )
    progress.ended = (
        f"{TRIES:,} proposals in a row were scored before or broke a limit, "
        f"so the search ended at {accepted:,} of {progress.budget:,} architectures"
    )
