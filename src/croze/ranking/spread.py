"""How far a proxy's ranking moves with the initial weights and with the batch, and what averaging gains."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import number_or_none
from croze.stats import ranks, spearman

Floats = NDArray[np.float64]

TOLERANCE = 0.005
"""Loss of rho that counts as none, unless asked otherwise."""

SUBSETS = 200
"""Most subsets of equal size that are averaged over; more are drawn at random."""


@dataclass(frozen=True)
class Column:
    """One proxy on one column of a truth, over K draws of what is varied.

    Attributes:
        rho: with the column by draw, K of them; NaN where undefined.
        averaged: by k = 1 to K, rho of the mean rank over k draws, the mean over subsets of k.
        tolerance: how much of `averaged` at K may be lost.
    """

    rho: tuple[float, ...]
    averaged: tuple[float, ...]
    tolerance: float

    @property
    def mean(self) -> float:
        """Mean rho of one draw."""
        return float(np.mean(self.rho))

    @property
    def deviation(self) -> float:
        """Standard deviation over draws, that of a sample; NaN for one draw."""
        return float(np.std(self.rho, ddof=1)) if len(self.rho) > 1 else math.nan

    @property
    def needed(self) -> int:
        """The least k that is expected to lose less than the tolerance against all K; 0 where undefined."""
        last = self.averaged[-1]
        found = (k for k, rho in enumerate(self.averaged, start=1) if last - rho < self.tolerance)
        return next(found, 0)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "rho": [number_or_none(value) for value in self.rho],
            "mean": number_or_none(self.mean),
            "deviation": number_or_none(self.deviation),
            "rho_of_averaged_ranks": [number_or_none(value) for value in self.averaged],
            "needed": self.needed or None,
        }


@dataclass(frozen=True)
class Moved:
    """One proxy over the draws of what is varied.

    Attributes:
        proxy: its spec.
        columns: by column of the truth.
        agreement: mean over pairs of draws of Spearman's rho between their scores; NaN for one draw.
        failures: by draw, on how many of the chosen cells it failed.
    """

    proxy: str
    columns: Mapping[str, Column]
    agreement: float
    failures: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "proxy": self.proxy,
            "columns": {name: column.to_json() for name, column in self.columns.items()},
            "agreement": number_or_none(self.agreement),
            "failures": list(self.failures),
        }


@dataclass(frozen=True)
class Spread:
    """All proxies over the draws of one thing.

    Attributes:
        varied: what: `initial weights` or `batch`.
        draws: the seeds of the draws.
        rows: one a proxy.
        chosen: number of chosen cells.
        cells: those on which every proxy succeeded in every draw.
        tolerance: of `needed`.
        half: of the cells: `choose`, `report` or `both`.
    """

    varied: str
    draws: tuple[int, ...]
    rows: tuple[Moved, ...]
    chosen: int
    cells: int
    tolerance: float
    half: str

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "varied": self.varied,
            "half": self.half,
            "draws": list(self.draws),
            "rows": [row.to_json() for row in self.rows],
            "chosen": self.chosen,
            "cells": self.cells,
            "tolerance": self.tolerance,
        }


def spread(
    varied: str,
    draws: Sequence[int],
    scores: Sequence[Mapping[str, Floats]],
    truths: Mapping[str, Floats],
    usable: NDArray[np.bool_],
    tolerance: float = TOLERANCE,
    half: str = "both",
) -> Spread:
    """The spread of every proxy over these draws.

    Args:
        varied: what the draws vary.
        draws: their seeds, K of them.
        scores: by draw, the score of each chosen cell by proxy, larger being better, shape `(n,)`, NaN where
            it failed.
        truths: accuracies of the cells by column, `(n,)`.
        usable: cells on which every proxy succeeded in every draw of all that is compared, `(n,)`.
        tolerance: the expected loss of rho against all K below which k draws are enough.
        half: which half of the cells these are.

    Raises:
        CrozeError: no draw, or a tolerance that is not above 0.
    """
    if not draws or len(draws) != len(scores):
        raise CrozeError(f"A spread needs draws with their scores, got {len(draws)} and {len(scores)}.")
    if not tolerance > 0:
        raise CrozeError(f"The tolerance of a loss of rho must be above 0, got {tolerance:g}.")
    rows = []
    for proxy in scores[0]:
        values = [one[proxy][usable] for one in scores]
        places = np.stack([ranks(one) for one in values])
        columns = {
            name: Column(
                tuple(spearman(one, truth[usable]) for one in values),
                _averaged(places, truth[usable]),
                tolerance,
            )
            for name, truth in truths.items()
        }
        pairs = [spearman(a, b) for a, b in combinations(values, 2)]
        failures = tuple(int((~np.isfinite(one[proxy])).sum()) for one in scores)
        rows.append(Moved(proxy, columns, float(np.mean(pairs)) if pairs else math.nan, failures))
    return Spread(varied, tuple(draws), tuple(rows), len(usable), int(usable.sum()), tolerance, half)


def usable_cells(scores: Sequence[Mapping[str, Floats]]) -> NDArray[np.bool_]:
    """The cells on which every proxy succeeded in every draw, shape `(n,)`."""
    found = np.all([np.isfinite(values) for one in scores for values in one.values()], axis=0)
    return np.asarray(found, dtype=np.bool_)


def _averaged(places: Floats, truth: Floats) -> tuple[float, ...]:
    """By k, rho of the mean rank over k draws, the mean over subsets of k."""
    draws = len(places)
    found = []
    for k in range(1, draws + 1):
        subsets = list(combinations(range(draws), k)) if math.comb(draws, k) <= SUBSETS else _some(draws, k)
        found.append(float(np.mean([spearman(places[list(s)].mean(axis=0), truth) for s in subsets])))
    return tuple(found)


def _some(draws: int, k: int) -> list[tuple[int, ...]]:
    rng = random.Random(0)
    return [tuple(rng.sample(range(draws), k)) for _ in range(SUBSETS)]
