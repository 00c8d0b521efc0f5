"""How well proxies rank a published benchmark: scores from the ledger, compared with the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.proxies import Criterion, Proxy, merits, parts_of
from croze.proxies.size import Flops, LiveParams, Params
from croze.ranking.comparison import Comparison, compare
from croze.ranking.quality import Quality, quality
from croze.ranking.table import ColumnSet
from croze.scoring.ledger import Ledger
from croze.truth import Truth

CONTROL = LiveParams()
"""What partial correlations hold fixed."""

SIZES: tuple[Proxy, ...] = (Params(), CONTROL, Flops())
"""The sizes that a ranking is judged beside."""

LEAST_CELLS = 3
"""Cells below which a rank correlation says nothing: of two it is 1 or -1 whatever the proxy."""


@dataclass(frozen=True)
class Assessment:
    """What an assessment found.

    Attributes:
        comparison: the table of proxies against the truth, on the cells where all of them succeeded.
        failures: on how many of the chosen cells each proxy failed, parts of aggregates and the
        live-parameter
            count included; those that failed on none are left out.
        reasons: the first reason of each of these.
        milliseconds: mean time a cell by single proxy; passes that proxies share count for the first of them.
        positions: of the chosen cells in the truth, shape `(k,)`.
        raw: scores by single proxy, controls included, shape `(k,)`, NaN where one failed.
        criteria: what was compared, in order.
        controls: specs of the sizes that partial correlations hold fixed.
    """

    comparison: Comparison
    failures: Mapping[str, int]
    reasons: Mapping[str, str]
    milliseconds: Mapping[str, float]
    positions: NDArray[np.int64]
    raw: Mapping[str, NDArray[np.float64]]
    criteria: tuple[Criterion, ...]
    controls: tuple[str, ...]

    def quality(
        self,
        truth: Truth,
        columns: Sequence[str],
        places: NDArray[np.int64],
        name: str,
        *,
        tops: Sequence[int] | None = None,
        resamples: int = 1000,
        seed: int = 0,
        deep: bool = True,
        brief: bool = False,
    ) -> Quality:
        """The ranking's quality on some of the chosen cells; aggregates rank these among each other.

        Args:
            truth: the one that was assessed against.
            columns: its raw columns to judge by.
            places: of the cells among those chosen.
            name: of this set of cells.
            tops, resamples, seed, deep, brief: see `benchmarks.quality`.
        """
        raw = {spec: values[places] for spec, values in self.raw.items()}
        return quality(
            truth,
            columns,
            self.positions[places],
            merits(self.criteria, raw),
            {control: raw[control] for control in self.controls},
            name=name,
            grouped_by=CONTROL.spec,
            tops=tops,
            resamples=resamples,
            seed=seed,
            deep=deep,
            brief=brief,
        )

    def cells_to_json(self, truth: Truth, columns: Sequence[str]) -> dict[str, Any]:
        """Every chosen cell: its string, its scores by proxy, sizes included, its accuracies."""

        def texts(values: NDArray[np.float64]) -> list[float | None]:
            return [value if math.isfinite(value) else None for value in values.tolist()]

        return {
            "architecture": [truth.architectures[i] for i in self.positions],
            "scores": {spec: texts(values) for spec, values in self.raw.items()},
            "accuracies": {column: texts(truth.values(column)[self.positions]) for column in columns},
        }

    @property
    def shortfall(self) -> str:
        """One sentence that says why there are too few cells to compare on; empty when there are enough."""
        left, chosen = self.comparison.cells, self.comparison.chosen
        if left >= LEAST_CELLS:
            return ""
        failed = ", ".join(f"{proxy} failed on {count:,}" for proxy, count in self.failures.items())
        return (
            f"A comparison needs at least {LEAST_CELLS} cells on which every proxy succeeded, "
            f"got {left} of {chosen:,}: {failed or 'choose more cells'}."
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            **self.comparison.to_json(),
            "failures": {
                proxy: {"cells": count, "first_reason": self.reasons[proxy]}
                for proxy, count in self.failures.items()
            },
            "milliseconds_per_cell": dict(self.milliseconds),
        }


def assess(
    truth: Truth,
    table: ColumnSet,
    positions: NDArray[np.int64],
    ledger: Ledger,
    proxies: Sequence[Criterion],
    *,
    resamples: int = 1000,
    seed: int = 0,
    controls: Sequence[Proxy] = (CONTROL,),
    watch: Callable[[int], None] = lambda done: None,
) -> Assessment:
    """Score these cells of a truth by every proxy and compare with their measured accuracies.

    The first proxy is the one that the others are compared with. A proxy of which less is better is turned
    round, so that every rho reads the same way. An aggregate ranks all cells on which its parts succeeded.

    Args:
        truth: the ground truth; its `space` is the one that the ledger's evaluator has to build from.
        table: the columns, from `table2`.
        positions: of the cells in the truth, shape `(k,)`, from `select`.
        ledger: scores the cells, or finds their scores.
        proxies: at least one, each once; aggregates too.
        resamples, seed: of the bootstrap.
        controls: sizes that are scored along, the live-parameter count among them.
        watch: called after every cell with the number of cells done.

    Raises:
        CrozeError: no proxy, one that is named twice, no cell, or a ledger of another space than the truth's.
    """
    specs = [proxy.spec for proxy in proxies]
    if not specs or len(set(specs)) != len(specs):
        raise CrozeError(f"An assessment needs proxies, each once, got {', '.join(specs) or 'none'}.")
    if len(positions) == 0:
        raise CrozeError("An assessment needs at least one cell, got none.")
    space = ledger.evaluator.space.name
    if space != truth.space:
        raise CrozeError(
            f"The cells of {truth.name} are of the space {truth.space}, got a ledger of {space}."
        )
    architectures = [truth.architectures[i] for i in positions]
    wanted = parts_of([*proxies, CONTROL, *controls])
    place = {architecture: i for i, architecture in enumerate(architectures)}
    values = {proxy.spec: np.full(len(architectures), math.nan) for proxy in wanted}
    seconds = dict.fromkeys(values, 0.0)
    failures: dict[str, int] = {}
    reasons: dict[str, str] = {}
    for done, (architecture, found) in enumerate(ledger.scores(architectures, wanted), start=1):
        for score in found:
            seconds[score.proxy] += score.seconds
            if score.value is None:
                failures[score.proxy] = failures.get(score.proxy, 0) + 1
                reasons.setdefault(score.proxy, score.reason)
            else:
                values[score.proxy][place[architecture]] = score.value
        watch(done)
    comparison = compare(
        truth,
        table,
        positions,
        merits(proxies, values),
        values[CONTROL.spec],
        reference=specs[0],
        resamples=resamples,
        seed=seed,
    )
    per_cell = {spec: 1000 * spent / len(architectures) for spec, spent in seconds.items()}
    return Assessment(
        comparison,
        failures,
        reasons,
        per_cell,
        positions,
        values,
        tuple(proxies),
        tuple(control.spec for control in controls),
    )
