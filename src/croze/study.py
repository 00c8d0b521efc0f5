"""A search: space, proxy, strategy, ledger and limits put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from croze.errors import CrozeError
from croze.evaluation import Ledger
from croze.limits import Limits
from croze.proxies import Proxy
from croze.search import Algorithm
from croze.spaces import Space
from croze.types import Architecture, Score

BATCH = 16
"""Proposals made before their scores are told. Fixed, so that the number of workers changes no result."""

TRIES = 1000
"""Proposals in a row that may be known already or break a limit before the search ends."""


@dataclass(frozen=True)
class Candidate:
    """An architecture with its score."""

    architecture: Architecture
    score: Score


@dataclass
class Progress:
    """Where a search stands.

    Attributes:
        candidates: what has been scored and told, in the order of asking; grows batch by batch.
        scored: number of scores so far, those of the batch in work included.
        best: the best of them; None as long as there is none.
        rejected: number of architectures that broke a limit.
        ended: why the search stopped before its budget; empty when it did not.
    """

    budget: int
    higher_is_better: bool = True
    candidates: list[Candidate] = field(default_factory=list)
    scored: int = 0
    best: Candidate | None = None
    rejected: int = 0
    ended: str = ""

    def ranking(self) -> list[Candidate]:
        """Those with a score, best first; equal scores in the order of asking."""
        good = [c for c in self.candidates if c.score.ok]
        return sorted(good, key=self._merit, reverse=True)

    def count(self, candidate: Candidate) -> None:
        """Take note of a new score."""
        self.scored += 1
        if candidate.score.ok and (self.best is None or self._merit(candidate) > self._merit(self.best)):
            self.best = candidate

    def failures(self) -> list[Candidate]:
        """Those that have none."""
        return [c for c in self.candidates if not c.score.ok]

    def seconds(self) -> float:
        """Device-seconds that the scores took, those found in the store included."""
        return sum(c.score.seconds for c in self.candidates)

    def _merit(self, candidate: Candidate) -> float:
        value = candidate.score.value
        assert value is not None
        return value if self.higher_is_better else -value


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
    proposals = _proposals(space, algorithm, ledger, limits or Limits(), progress)
    while len(progress.candidates) < budget and not progress.ended:
        wanted = min(BATCH, budget - len(progress.candidates))
        batch = {str(a): a for a in islice(proposals, wanted)}
        done: dict[str, Candidate] = {}
        for text, (score,) in ledger.scores(list(batch), [proxy]):
            done[text] = Candidate(batch[text], score)
            progress.count(done[text])
            watch(progress)
        progress.candidates += [done[text] for text in batch]
        for text, architecture in batch.items():
            value = done[text].score.value
            algorithm.tell(architecture, value if value is None or proxy.higher_is_better else -value)
    return progress


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
