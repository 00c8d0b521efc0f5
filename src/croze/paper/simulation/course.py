"""Many replays of one strategy after one target: the best so far, and when the goal was reached."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
"""Of the numbers of models to reach a goal."""

BAND = (0.10, 0.90)
"""Quantiles over the runs between which a figure's band lies."""


def quantile(models: Floats, share: float) -> float:
    """The least number of models by which this share of the runs had reached the goal.

    The inverse of the empirical distribution function: always one of the runs, never between two, so it is
    infinite exactly when fewer than this share reached the goal.
    """
    ordered = np.sort(models)
    return float(ordered[max(math.ceil(share * len(ordered) - 1e-9), 1) - 1])


@dataclass(frozen=True, eq=False)
class Course:
    """What the runs of one strategy came to.

    Attributes:
        strategy: its name in `croze.searching`.
        guide: spec of its guide; empty without.
        target: column of the accuracy that it was after.
        best: the best accuracy so far by run and number of trained models, shape `(runs, budget)`.
        models: trained models until the goal was reached, shape `(runs,)`; infinite in a run that did not.
        ended: number of runs that found nothing new to train before the budget was spent.
    """

    strategy: str
    guide: str
    target: str
    best: Floats
    models: Floats
    ended: int = 0

    @property
    def label(self) -> str:
        """The strategy in the paper's words: RAND, AE+warmup, ..."""
        return self.strategy.replace("random", "RAND").replace("evolution", "AE")

    @property
    def mean(self) -> Floats:
        """The mean over the runs, shape `(budget,)`."""
        return np.asarray(self.best.mean(axis=0))

    @property
    def band(self) -> tuple[Floats, Floats]:
        """The quantiles `BAND` over the runs, shape `(budget,)` each."""
        low, high = np.quantile(self.best, BAND, axis=0)
        return low, high

    @property
    def missed(self) -> int:
        """Number of runs that did not reach the goal."""
        return int(np.isinf(self.models).sum())

    @property
    def quantiles(self) -> Mapping[float, float]:
        """Trained models to reach the goal, by share of the runs that had; infinite where too few did."""
        return {share: quantile(self.models, share) for share in QUANTILES}

    def to_json(self, counts: NDArray[np.int64]) -> dict[str, Any]:
        """A JSON-ready mapping with the best so far after these numbers of models; infinite as None."""
        low, high = self.band

        def at(line: Floats) -> list[float]:
            return [round(value, 6) for value in line[counts - 1].tolist()]

        return {
            "strategy": self.strategy,
            "label": self.label,
            "guide": self.guide or None,
            "target": self.target,
            "best_so_far": {"mean": at(self.mean), "low": at(low), "high": at(high)},
            "models_to_reach": {
                "quantiles": {f"{share:g}": _count(n) for share, n in self.quantiles.items()},
                "not_reached": self.missed,
                "runs": [_count(n) for n in self.models.tolist()],
            },
            "runs_that_ended_early": self.ended,
        }


def _count(models: float) -> int | None:
    return None if math.isinf(models) else int(models)
