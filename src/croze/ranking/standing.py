"""Where every proxy stands on the cells of a half: rank correlations with all that a truth measures."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.proxies import Criterion, merits
from croze.proxies.size import LiveParams
from croze.ranking.comparison import Figure, Row, compare
from croze.ranking.scored import Scored
from croze.ranking.table import ColumnSet
from croze.truth import Truth

CONTROL = LiveParams()
"""What partial correlations hold fixed."""

FEW = 0.05
"""Share of failures from which on a criterion stands on its own cells, so that others need not lose them."""


UNDEFINED = Figure(math.nan, math.nan, math.nan, math.nan, 0)
"""What stands for a figure that there is none of."""


@dataclass(frozen=True)
class Standing:
    """One criterion on the cells of a half.

    Attributes:
        criterion: its spec.
        figures: by column, on the n cells; rho is NaN where the score is constant.
        n: number of cells behind the figures.
        failures: number of the chosen cells on which it failed.
        reason: why, on the first of them; empty without failures.
        common: whether the n cells are those that most criteria share, or its own.
        own: rho by column on all cells where it succeeded, whatever the others did.
        own_n: number of these.
        mean: the mean of `figures` over the columns.
    """

    criterion: str
    figures: Mapping[str, Figure]
    n: int
    failures: int
    reason: str
    common: bool
    own: Mapping[str, float]
    own_n: int
    mean: Figure

    def figure(self, column: str) -> Figure:
        """The figure of a column; NaN throughout where the truth lacks it."""
        return self.figures.get(column, replace(UNDEFINED, n=self.n))

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "criterion": self.criterion,
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "n": self.n,
            "failures": self.failures,
            "first_reason": self.reason or None,
            "common_cells": self.common,
            "own_cells": {
                "n": self.own_n,
                "rho": {name: None if math.isnan(rho) else rho for name, rho in self.own.items()},
            },
        }


@dataclass(frozen=True)
class Half:
    """All criteria on the cells of a half, or of both.

    Attributes:
        name: `choose`, `report` or `both`.
        chosen: number of cells that were drawn.
        cells: number of those on which every criterion that fails on few, and the live-parameter count,
            succeeded.
        columns: names, in order.
        standings: one a criterion, in the order given.
        resamples, seed, level: of the bootstrap.
    """

    name: str
    chosen: int
    cells: int
    columns: tuple[str, ...]
    standings: tuple[Standing, ...]
    resamples: int
    seed: int
    level: float

    def standing(self, criterion: str) -> Standing | None:
        """That of the criterion with this spec, or None."""
        return next((s for s in self.standings if s.criterion == criterion), None)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "half": self.name,
            "chosen": self.chosen,
            "cells": self.cells,
            "bootstrap": {"resamples": self.resamples, "seed": self.seed, "level": self.level},
            "standings": [standing.to_json() for standing in self.standings],
        }


def seldom_failing(
    criteria: Sequence[Criterion], scored: Scored, architectures: Sequence[str]
) -> frozenset[str]:
    """Specs of the criteria that fail on fewer than 5% of these architectures."""
    values = merits(criteria, scored.columns(architectures))
    failures = {spec: (~np.isfinite(merit)).sum() for spec, merit in values.items()}
    return frozenset(spec for spec, count in failures.items() if count < FEW * len(architectures))


def stand(
    name: str,
    truth: Truth,
    table: ColumnSet,
    positions: NDArray[np.int64],
    scored: Scored,
    criteria: Sequence[Criterion],
    *,
    common: Collection[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Half:
    """The standings on these cells.

    Criteria that seldom fail are compared on the cells where all of them succeeded;
    the others stand on their own. An aggregate ranks the cells of the half, all on which its parts succeeded,
    before any is left out; its values are kept as they are in the bootstrap.

    Args:
        name: of the half.
        truth: the ground truth.
        table: its columns, from `every_column` or `table2`.
        positions: of the cells in the truth, shape `(k,)`.
        scored: the scores of at least these cells by every part, and by `CONTROL`; partial rhos are undefined
            without the latter.
        criteria: at least one, each once.
        common: specs of those that are compared on shared cells; `seldom_failing` on these cells without.
        resamples, seed, level: of the bootstrap over cells.
    """
    architectures = [truth.architectures[i] for i in positions]
    raw = scored.columns(architectures)
    live = raw.get(CONTROL.spec)
    columns = tuple(column.name for column in table.columns)
    values = merits(criteria, raw)
    failures = {spec: int((~np.isfinite(merit)).sum()) for spec, merit in values.items()}
    if common is None:
        common = seldom_failing(criteria, scored, architectures)
    shared = {spec: merit for spec, merit in values.items() if spec in common}
    rows: dict[str, Row] = {}
    cells = 0
    groups = [shared] if shared else []
    groups += [{spec: merit} for spec, merit in values.items() if spec not in shared]
    for group in groups:
        found = compare(truth, table, positions, group, live, resamples=resamples, seed=seed, level=level)
        cells = found.cells if group is shared else cells
        rows |= {row.proxy: row for row in found.rows}

    standings = []
    for criterion in criteria:
        spec = criterion.spec
        own = compare(truth, table, positions, {spec: values[spec]}, None, resamples=1).rows[0]
        standings.append(
            Standing(
                spec,
                rows[spec].columns,
                rows[spec].n,
                failures[spec],
                scored.first_reason(criterion, architectures),
                spec in shared,
                {column: figure.rho for column, figure in own.columns.items()},
                own.n,
                rows[spec].mean,
            )
        )
    return Half(name, len(positions), cells, columns, tuple(standings), resamples, seed, level)
