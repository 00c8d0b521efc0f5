"""A search as its folder tells it: candidates in the order of asking, objectives, the winner, the front."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.searching.candidates import FILE, VERSION
from croze.searching.strategies.pareto import front

Floats = NDArray[np.float64]

SIZES = {"params": "trainable parameters", "flops": "multiply-adds of one image"}


@dataclass(frozen=True)
class Goal:
    """One objective."""

    spec: str
    maximise: bool

    def merit(self, values: Floats) -> Floats:
        """Turned so that higher is better."""
        return values if self.maximise else -values

    def __str__(self) -> str:
        return f"{self.spec} ({'higher' if self.maximise else 'lower'} is better)"


@dataclass(frozen=True, eq=False)
class SearchRun:
    """What a search wrote.

    Attributes:
        goals: the objectives.
        names: of candidates in the order of asking, failures among them; empty where no course is on file.
        values: `(N, objectives)`, NaN where a candidate failed.
        sizes: by name out of `SIZES`, `(N,)`, NaN where unknown.
        reasons: how many candidates failed for each reason.
        finished: whether the search came to its end.
        result: of `best.json`; empty without.
        settings, provenance: as written.
        device_seconds: of all scores.
        rejected: architectures that broke a limit.
    """

    goals: tuple[Goal, ...]
    names: tuple[str, ...]
    values: Floats
    sizes: Mapping[str, Floats]
    reasons: Mapping[str, int]
    finished: bool
    result: Mapping[str, Any]
    settings: Mapping[str, Any]
    provenance: Mapping[str, Any]
    device_seconds: float
    rejected: int

    @cached_property
    def good(self) -> list[int]:
        """Candidates that have all their scores."""
        return [int(i) for i in np.flatnonzero(~np.isnan(self.values).any(axis=1))]

    @property
    def failed(self) -> int:
        """Number of candidates that failed."""
        return sum(self.reasons.values())

    @cached_property
    def merits(self) -> Floats:
        """`(N, objectives)`, higher being better."""
        return np.stack([goal.merit(self.values[:, k]) for k, goal in enumerate(self.goals)], axis=1)

    @cached_property
    def winner(self) -> int | None:
        """The candidate to take: that of the result, or the first by merit while there is none."""
        best = self.result.get("best")
        if best is not None:
            name = best["architecture"]
            return self.names.index(name) if name in self.names else None
        if not self.good:
            return None
        return max(self.good, key=lambda i: float(self.merits[i, 0]))

    @property
    def winner_name(self) -> str:
        """Its architecture; empty without one."""
        best = self.result.get("best")
        if best is not None:
            return str(best["architecture"])
        return "" if self.winner is None else self.names[self.winner]

    @property
    def front(self) -> list[int]:
        """Candidates that no other betters in one objective and equals in all, by the first objective."""
        members = [self.good[i] for i in front(self.merits[self.good])]
        return sorted(members, key=lambda i: tuple(self.values[i]))

    def against(self, size: str) -> list[int]:
        """Candidates of the front of score and size: no other has a better score and is as small."""
        known = [i for i in self.good if not math.isnan(self.sizes[size][i])]
        if not known:
            return []
        both = np.stack([self.merits[known, 0], -self.sizes[size][known]], axis=1)
        return sorted((known[i] for i in front(both)), key=lambda i: float(self.sizes[size][i]))


def read_search(folder: Path, load: Mapping[str, Any]) -> SearchRun:
    """The search of a folder.

    Args:
        folder: where it lies.
        load: the contents of `best.json` and `candidates.json`, those that are there.

    Raises:
        CrozeError: when they are not of a search, or of another version.
    """
    result, course = load.get("best.json", {}), load.get(FILE, {})
    if course and course.get("version") != VERSION:
        raise CrozeError(
            f"{folder / FILE} is of version {course.get('version')}, this croze reads version {VERSION}: "
            "run the same search again, its scores are kept."
        )
    try:
        first = course or result
        goals = tuple(
            Goal(str(o["objective"]), bool(o.get("maximise", o.get("direction") == "max")))
            for o in course.get("objectives") or first["settings"]["objectives"]
        )
        rows: Sequence[Mapping[str, Any]] = course.get("candidates", [])
        values = np.array([r.get("scores", [math.nan] * len(goals)) for r in rows], dtype=np.float64).reshape(
            len(rows), len(goals)
        )
        sizes = {
            size: np.array([math.nan if r.get(size) is None else r[size] for r in rows], dtype=np.float64)
            for size in SIZES
        }
        reasons = Counter(str(r["reason"]) for r in (rows or result.get("failed", [])) if "reason" in r)
        return SearchRun(
            goals,
            tuple(str(r["architecture"]) for r in rows),
            values,
            sizes,
            reasons,
            bool(result) and bool(course.get("finished", True)),
            result,
            first["settings"],
            first["provenance"],
            float(first.get("device_seconds") or 0.0),
            int(first.get("rejected_by_limits") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise CrozeError(
            f"{folder} holds no search that can be read ({type(problem).__name__}: {problem}); "
            "run its command again."
        ) from None
