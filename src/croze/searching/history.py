"""The history of a search: what has been scored so far, ranked anew as more becomes known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from croze.proxies import Aggregate
from croze.searching.objectives import Objective
from croze.searching.strategies import Merits
from croze.searching.strategies.pareto import compromise
from croze.types import Architecture, Score

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """An architecture, its score by every objective, and everything that was computed for these (`parts`).

    By an aggregate the score is the candidate's place among all of the search so far; it changes as they
    become more.
    """

    architecture: Architecture
    scores: tuple[Score, ...]
    parts: tuple[Score, ...] = ()

    @property
    def score(self) -> Score:
        """By the first objective."""
        return self.scores[0]

    @property
    def reason(self) -> str:
        """Why it failed; empty when it has all its scores."""
        return next((score.reason or "no value" for score in self.scores if not score.ok), "")


class SearchHistory:
    """Candidates in the order of asking, with their merits by every objective.

    Attributes:
        budget: candidates that are wanted.
        scored: number of scores so far, those in work included.
        rejected: number of architectures that broke a limit.
        guided: number of architectures that a guide was asked about.
        guide_seconds: device-seconds that its scores took, by architecture and proxy.
        ended: why the search stopped before its budget; empty when it did not.
    """

    def __init__(self, budget: int, objectives: Sequence[Objective]) -> None:
        self.budget = budget
        self.objectives = tuple(objectives)
        self.scored = 0
        self.rejected = 0
        self.guided = 0
        self.guide_seconds: dict[tuple[str, str], float] = {}
        self.ended = ""
        self._architectures: list[Architecture] = []
        self._parts: list[tuple[Score, ...]] = []
        self._columns: dict[str, Floats] = {}
        self._values: Floats = np.empty((0, len(self.objectives)))
        self._place: dict[Architecture, int] = {}
        self._best: int | None = None

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self._architectures)

    def add(self, block: Sequence[tuple[Architecture, Sequence[Score]]]) -> None:
        """Take in candidates with everything computed for them, in the order of asking; rank all anew."""
        for architecture, parts in block:
            self._place[architecture] = len(self._architectures)
            self._architectures.append(architecture)
            self._parts.append(tuple(parts))
        for i, name in enumerate(part.proxy for part in self._parts[-1]) if block else ():
            fresh = [math.nan if s.value is None else s.value for s in (parts[i] for _, parts in block)]
            self._columns[name] = np.append(self._columns.get(name, np.empty(0)), fresh)
        if block:
            self._best = None
            self._values = np.stack([self._by(objective) for objective in self.objectives], axis=1)

    def merits(self, index: int) -> Merits | None:
        """Of one candidate: a number an objective, higher being better; None when one of them failed."""
        values = self._values[index].tolist()
        if any(math.isnan(value) for value in values):
            return None
        return tuple(o.merit(value) for o, value in zip(self.objectives, values, strict=True))

    def current(self, count: int) -> Mapping[Architecture, Merits]:
        """The merits of the first `count` candidates that have any, as they are now."""
        return _Current(self, count)

    @property
    def moves_ranks(self) -> bool:
        """Whether scores change as candidates become more."""
        return any(isinstance(objective.target, Aggregate) for objective in self.objectives)

    @property
    def candidates(self) -> list[Candidate]:
        return [self.candidate(i) for i in range(len(self))]

    def candidate(self, index: int) -> Candidate:
        """The one asked for at this place."""
        scores = tuple(
            self._score(objective, index, value)
            for objective, value in zip(self.objectives, self._values[index].tolist(), strict=True)
        )
        return Candidate(self._architectures[index], scores, self._parts[index])

    @property
    def best(self) -> Candidate | None:
        """The candidate to take, see `strategies.pareto.compromise`; None as long as nothing succeeded."""
        if self._best is None:
            self._best = compromise(self._merits())
        return None if self._best is None else self.candidate(self._best)

    def failures(self) -> list[Candidate]:
        """Those that lack a score."""
        return [self.candidate(int(i)) for i in np.flatnonzero(np.isnan(self._values).any(axis=1))]

    def reasons(self) -> Counter[str]:
        """How many failed for each reason."""
        return Counter(candidate.reason for candidate in self.failures())

    def seconds(self) -> float:
        """Device-seconds that all scores took, each once: those of a guide and those found in a store too."""
        spent = self.guide_seconds | {
            (str(architecture), part.proxy): part.seconds
            for architecture, parts in zip(self._architectures, self._parts, strict=True)
            for part in parts
        }
        return math.fsum(spent.values())

    def _merits(self) -> Floats:
        signs = [1.0 if objective.maximise else -1.0 for objective in self.objectives]
        merits: Floats = self._values * np.array(signs)
        return merits

    def _by(self, objective: Objective) -> Floats:
        target = objective.target
        return target.combine(self._columns) if isinstance(target, Aggregate) else self._columns[target.spec]

    def _score(self, objective: Objective, index: int, value: float) -> Score:
        target = objective.target
        by_name = {part.proxy: part for part in self._parts[index]}
        if not isinstance(target, Aggregate):
            return by_name[target.spec]
        parts = [by_name[part.spec] for part in target.distinct]
        failed = next((f"{part.proxy}: {part.reason}" for part in parts if not part.ok), "")
        return Score(
            target.spec,
            None if failed else value,
            reason=failed,
            seconds=math.fsum(part.seconds for part in parts),
        )


class _Current(Mapping[Architecture, Merits]):
    """A view, so that a strategy that asks for a few does not pay for all."""

    def __init__(self, history: SearchHistory, count: int) -> None:
        self._progress, self._count = history, count

    def __getitem__(self, architecture: Architecture) -> Merits:
        index = self._progress._place[architecture]
        merits = self._progress.merits(index) if index < self._count else None
        if merits is None:
            raise KeyError(architecture)
        return merits

    def __iter__(self) -> Iterator[Architecture]:
        for architecture in self._progress._architectures[: self._count]:
            if architecture in self:
                yield architecture

    def __len__(self) -> int:
        return sum(1 for _ in self)
