"""The survey as a whole: both halves of the cells, the targets, and what each proxy is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.proxies import Criterion, parts_of
from croze.ranking.agreement import Agreement
from croze.ranking.columns import every_column
from croze.ranking.criteria import Entry, catalogue
from croze.ranking.scored import collect
from croze.ranking.standing import CONTROL, Half, stand
from croze.ranking.targets import Outcome, outcomes
from croze.scoring.ledger import Ledger
from croze.stats.correlation import MINIMUM
from croze.truth import Truth


@dataclass(frozen=True)
class Survey:
    """What a survey found.

    Attributes:
        choose, report, both: the standings on each half of the cells and on both together.
        entries: what each proxy is.
        milliseconds: median time of a criterion alone, NaN where it failed; empty when not measured.
        timed: number of cells behind these.
        agreements: with published scores; empty when there were none to compare with.
    """

    choose: Half
    report: Half
    both: Half
    entries: tuple[Entry, ...]
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    timed: int = 0
    agreements: tuple[Agreement, ...] = ()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The project's targets with what was reached on the report half."""
        return outcomes(self.report)

    @property
    def shortfall(self) -> str:
        """One sentence that says why there are too few cells to compare on; empty when there are enough."""
        for half in (self.choose, self.report):
            most = max(standing.n for standing in half.standings)
            if most < MINIMUM:
                failed = [f"{s.criterion} failed on {s.failures:,}" for s in half.standings if s.failures]
                return (
                    f"A survey needs at least {MINIMUM} cells of each half on which some proxy succeeded, "
                    f"got {most} of {half.chosen:,} of {half.name}: "
                    f"{', '.join(failed) or 'take a larger sample'}."
                )
        return ""

    def with_times(self, milliseconds: Mapping[str, float], timed: int) -> Self:
        """The same with measured times, from `time_alone`, over so many cells."""
        return replace(self, milliseconds=milliseconds, timed=timed)

    def with_agreements(self, agreements: tuple[Agreement, ...]) -> Self:
        """The same with a comparison with published scores, from `agree`."""
        return replace(self, agreements=agreements)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "halves": {half.name: half.to_json() for half in (self.choose, self.report, self.both)},
            "targets": [outcome.to_json() for outcome in self.outcomes],
            "milliseconds_alone": {
                spec: None if math.isnan(value) else value for spec, value in self.milliseconds.items()
            },
            "timed_cells": self.timed,
            "published": [agreement.to_json() for agreement in self.agreements],
            "catalogue": [entry.to_json() for entry in self.entries],
        }


def survey(
    truth: Truth,
    choose: NDArray[np.int64],
    report: NDArray[np.int64],
    ledger: Ledger,
    criteria: Sequence[Criterion],
    *,
    resamples: int = 1000,
    seed: int = 0,
    watch: Callable[[int], None] = lambda done: None,
) -> Survey:
    """Score cells of both halves by every criterion and correlate with all that the truth measures.

    Args:
        truth: the ground truth; its `space` is the one that the ledger's evaluator has to build from.
        choose, report: positions of cells of either half in the truth, from `select`; no cell in both.
        ledger: scores the cells, or finds their scores.
        criteria: at least one, each once.
        resamples, seed: of the bootstrap.
        watch: called after every cell with the number of cells done.

    Raises:
        CrozeError: no criterion, one that is named twice, no cell or one that is in both halves, or a ledger
            of another space than the truth's.
    """
    specs = [criterion.spec for criterion in criteria]
    if not specs or len(set(specs)) != len(specs):
        raise CrozeError(f"A survey needs proxies, each once, got {', '.join(specs) or 'none'}.")
    space = ledger.evaluator.space.name
    if space != truth.space:
        raise CrozeError(
            f"The cells of {truth.name} are of the space {truth.space}, got a ledger of {space}."
        )
    table = every_column(truth)
    both = np.concatenate([choose, report])
    scored = collect(ledger, [truth.architectures[i] for i in both], parts_of([*criteria, CONTROL]), watch)
    halves = {
        name: stand(name, truth, table, positions, scored, criteria, resamples=resamples, seed=seed)
        for name, positions in (("choose", choose), ("report", report), ("both", both))
    }
    return Survey(halves["choose"], halves["report"], halves["both"], catalogue(criteria))
