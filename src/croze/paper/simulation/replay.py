"""One search replayed on a table: training a model is looking its accuracy up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from croze.searching.strategies import Algorithm

TRIES = 1000
"""Proposals in a row that were trained before after which a run ends."""


def replay(
    algorithm: Algorithm[int], values: Sequence[float], representative: Sequence[int], budget: int
) -> list[int]:
    """The models that a strategy trains, as positions of representatives, in order.

    A proposal stands for its isomorphism class. One whose class was trained before is skipped: it costs
    nothing, and the strategy hears nothing of it, as in `croze search`. Models are trained one by one, and
    the strategy knows the accuracy of all before it proposes the next.

    Args:
        algorithm: proposes positions.
        values: by position, the accuracy that it is told.
        representative: by position, the representative of the class.
        budget: models to train at most; fewer when `TRIES` proposals in a row bring nothing new.
    """
    trained: dict[int, None] = {}
    misses = 0
    while len(trained) < budget and misses < TRIES:
        cell = representative[algorithm.ask()]
        if cell in trained:
            misses += 1
            continue
        misses = 0
        trained[cell] = None
        algorithm.tell(cell, (values[cell],))
    return list(trained)


def best_so_far(accuracies: NDArray[np.float64], budget: int) -> NDArray[np.float64]:
    """The best accuracy after 1, 2, ..., `budget` trained models; a run that ended early keeps its last.

    Args:
        accuracies: of the trained models in order, shape `(k,)` with 1 <= k <= budget.

    Returns:
        Shape `(budget,)`.
    """
    best = np.maximum.accumulate(accuracies)
    return np.concatenate([best, np.full(budget - len(best), best[-1])])


def models_to_reach(accuracies: NDArray[np.float64], goal: float) -> float:
    """How many models are trained until one has at least this accuracy; infinite when none has."""
    reached = np.flatnonzero(accuracies >= goal)
    return float(reached[0] + 1) if len(reached) else math.inf
