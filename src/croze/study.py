"""A search: space, proxy, strategy, ledger and limits put together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from croze.errors import CrozeError
from croze.evaluation import Ledger
from croze.limits import Limits
from croze.proxies import Aggregate, Criterion, parts_of
from croze.search import Algorithm
from croze.spaces import Space
from croze.types import Architecture, Score

BATCH = 16
"""Proposals made before their scores are told. Fixed, so that the number of workers changes no result."""

TRIES = 1000
"""Proposals in a row that may be known already or break a limit before the search ends."""


@dataclass(frozen=True)
class Candidate:
    """An architecture with its score.

    Attributes:
        score: by what is searched for. By an aggregate it is the candidate's place among all of the search so
            far, and changes as they become more.
        parts: the scores that it is made of; the score itself when a single proxy is searched for.
    """

    architecture: Architecture
    score: Score
    parts: tuple[Score, ...] = ()


@dataclass
class Progress:
    """Where a search stands.

    Attributes:
        criterion: what is searched for.
        candidates: what has been scored and told, in the order of asking; grows batch by batch.
        scored: number of scores so far, those of the batch in work included.
        best: the best of them; None as long as there is none. By an aggregate, the best of the batches done.
        rejected: number of architectures that broke a limit.
        ended: why the search stopped before its budget; empty when it did not.
    """

    budget: int
    criterion: Criterion
    candidates: list[Candidate] = field(default_factory=list)
    scored: int = 0
    best: Candidate | None = None
    rejected: int = 0
    ended: str = ""

    def ranking(self) -> list[Candidate]:
        """Those with a score, best first; equal scores in the order of asking."""
        good = [c for c in self.candidates if c.score.ok]
        return sorted(good, key=self.merit, reverse=True)

    def count(self, scores: tuple[Score, ...], architecture: Architecture) -> None:
        """Take note that one more architecture has been scored."""
        self.scored += 1
        if not isinstance(self.criterion, Aggregate):
            self._lead(Candidate(architecture, scores[0], scores))

    def add(self, batch: Sequence[tuple[Architecture, tuple[Score, ...]]]) -> None:
        """Take in a batch, in the order of asking, and rank everything anew if the criterion asks for it."""
        if not isinstance(self.criterion, Aggregate):
            self.candidates += [Candidate(architecture, parts[0], parts) for architecture, parts in batch]
            return
        known = [(c.architecture, c.parts) for c in self.candidates]
        self.candidates = _ranked(self.criterion, [*known, *batch])
        self.best = None
        for candidate in self.candidates:
            self._lead(candidate)

    def failures(self) -> list[Candidate]:
        """Those that have none."""
        return [c for c in self.candidates if not c.score.ok]

    def seconds(self) -> float:
        """Device-seconds that the scores took, those found in the store included."""
        return sum(part.seconds for c in self.candidates for part in c.parts)

    def merit(self, candidate: Candidate) -> float:
        """The score of a candidate that has one, turned so that higher is better."""
        value = candidate.score.value
        assert value is not None
        return value if self.criterion.higher_is_better else -value

    def _lead(self, candidate: Candidate) -> None:
        if candidate.score.ok and (self.best is None or self.merit(candidate) > self.merit(self.best)):
            self.best = candidate


def search(
    space: Space[Any],
    criterion: Criterion,
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

    An aggregate ranks the candidates scored so far, in the order of asking: after every batch all of them are
    ranked anew, and the algorithm is told what has changed.

    Args:
        watch: called after every score.

    Raises:
        CrozeError: for a budget below 1, or when no architecture meets the limits.
    """
    if budget < 1:
        raise CrozeError(f"The budget must be at least 1 architecture, got {budget}.")
    progress = Progress(budget, criterion)
    parts = parts_of([criterion])
    proposals = _proposals(space, algorithm, ledger, limits or Limits(), progress)
    while len(progress.candidates) < budget and not progress.ended:
        wanted = min(BATCH, budget - len(progress.candidates))
        batch = {str(a): a for a in islice(proposals, wanted)}
        done: dict[str, tuple[Score, ...]] = {}
        for text, scores in ledger.scores(list(batch), parts):
            done[text] = tuple(scores)
            progress.count(done[text], batch[text])
            watch(progress)
        told = len(progress.candidates)
        progress.add([(architecture, done[text]) for text, architecture in batch.items()])
        if isinstance(criterion, Aggregate):
            earlier = progress.candidates[:told]
            algorithm.revise({c.architecture: progress.merit(c) for c in earlier if c.score.ok})
        for candidate in progress.candidates[told:]:
            merit = progress.merit(candidate) if candidate.score.ok else None
            algorithm.tell(candidate.architecture, merit)
    return progress


def _ranked(
    aggregate: Aggregate, scored: Sequence[tuple[Architecture, tuple[Score, ...]]]
) -> list[Candidate]:
    columns = {
        part.spec: np.array([math.nan if s.value is None else s.value for s in column])
        for part, column in zip(
            aggregate.distinct, zip(*(parts for _, parts in scored), strict=True), strict=True
        )
    }
    candidates = []
    for (architecture, parts), value in zip(scored, aggregate.combine(columns).tolist(), strict=True):
        failed = next((f"{part.proxy}: {part.reason}" for part in parts if not part.ok), "")
        score = Score(
            aggregate.spec,
            None if failed else value,
            reason=failed,
            seconds=math.fsum(part.seconds for part in parts),
        )
        candidates.append(Candidate(architecture, score, parts))
    return candidates


def _proposals(
    space: Space[Any], algorithm: Algorithm[Any], ledger: Ledger, limits: Limits, progress: Progress
) -> Iterator[Architecture]:
    """Canonical architectures that are new and within the limits, until too many in a row are not."""
    seen: set[Architecture] = set()
    nearest: dict[str, int] = {}
    accepted = 0
    misses = 0
    while misses < TRIES:
        architecture = space.canonical(algorithm.ask())
        misses += 1
        if architecture in seen:
            continue
        seen.add(architecture)
        excess = limits.broken_by(architecture, ledger)
        if excess:
            progress.rejected += 1
            nearest = {name: min(size, nearest.get(name, size)) for name, size in (nearest | excess).items()}
            continue
        misses = 0
        accepted += 1
        yield architecture
    if not accepted and nearest:
        found = " or ".join(
            f"the limit on {name}, the nearest has {size:,}" for name, size in nearest.items()
        )
        raise CrozeError(f"All {progress.rejected:,} architectures tried break {found}: raise the limit.")
    progress.ended = (
        f"{TRIES:,} proposals in a row were scored before or broke a limit, "
        f"so the search ended at {accepted:,} of {progress.budget:,} architectures"
    )
