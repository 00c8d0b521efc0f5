"""What guides say of every cell: the scores of a benchmark, put in order once for all runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.proxies import Aggregate, Criterion, merits, parts_of
from croze.ranking.scored import collect
from croze.scoring.ledger import Ledger
from croze.truth import Truth


@dataclass(frozen=True, eq=False)
class Opinions:
    """One guide's opinion of the cells of a truth.

    Attributes:
        spec: name of the proxy or aggregate.
        definition: an aggregate written out; of a proxy its name.
        values: by position of the architecture, shape `(n,)`, higher being better; NaN where the score failed
            or nobody asked. Members of a class share theirs.
        scored: number of classes that were asked about.
        failures: number of these on which the score failed.
        reason: why, on the first of them; empty without failures.
    """

    spec: str
    definition: str
    values: NDArray[np.float64] = field(repr=False)
    scored: int
    failures: int = 0
    reason: str = ""

    def __call__(self, architectures: Sequence[int]) -> list[float | None]:
        """What a strategy is told: None where there is no opinion."""
        return [self._listed[architecture] for architecture in architectures]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, without the values."""
        return {
            "guide": self.spec,
            "definition": self.definition,
            "cells": self.scored,
            "failures": self.failures,
            "first_reason": self.reason or None,
        }

    @cached_property
    def _listed(self) -> list[float | None]:
        return [None if math.isnan(value) else value for value in self.values.tolist()]


def opinions(
    truth: Truth,
    representatives: NDArray[np.int64],
    ledger: Ledger,
    guides: Sequence[Criterion],
    watch: Callable[[int], None] = lambda done: None,
) -> list[Opinions]:
    """What each guide says of these classes, from the ledger's store or computed now.

    An aggregate ranks all classes that are named here, as `croze benchmark --cells distinct` does; in a
    search it would rank those that it has seen.

    Args:
        truth: the architectures; its `space` is the one that the ledger's evaluator has to build from.
        representatives: positions of one architecture a class.
        ledger: scores them, or finds their scores.
        guides: each once; none gives none.
        watch: called after every architecture with the number of those done.

    Raises:
        CrozeError: a ledger of another space than the truth's.
    """
    if not guides:
        return []
    space = ledger.evaluator.space.name
    if space != truth.space:
        raise CrozeError(
            f"The cells of {truth.name} are of the space {truth.space}, got a ledger of {space}."
        )
    architectures = [truth.architectures[i] for i in representatives]
    scored = collect(ledger, architectures, parts_of(guides), watch)
    found = []
    place = np.searchsorted(representatives, truth.representative)
    known = np.isin(truth.representative, representatives)
    for guide in guides:
        merit = merits([guide], scored.values)[guide.spec]
        values = np.full(len(truth), np.nan)
        values[known] = merit[place[known]]
        found.append(
            Opinions(
                guide.spec,
                guide.definition if isinstance(guide, Aggregate) else guide.spec,
                values,
                len(merit),
                int(np.isnan(merit).sum()),
                scored.first_reason(guide, architectures),
            )
        )
    return found
