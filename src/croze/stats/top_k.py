"""How much of what a score ranks on top belongs there: precision, nDCG, and the accuracy of what is picked.

Where scores are equal, every order of the equal ones is as good as any other: figures are their expected
values over all these orders, computed exactly, and never depend on the order of an array. A score that is
constant ranks nothing, so its figures are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from croze.errors import CrozeError
from croze.stats.correlation import Floats

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class _Ranked:
    """Objects by value, best first, in runs of equal values, under multiplicities `(B, n)`.

    Only as many of the best as hold k copies under every set.
    """

    order: Indices
    start: Indices
    sizes: Floats
    before: Floats

    def per_object(self, figures: Floats) -> Floats:
        """Figures of runs `(B, r)` as those of the objects in order `(B, h)`."""
        lengths = np.diff(np.append(self.start, len(self.order)))
        return np.repeat(figures, lengths, axis=1)


def precision_at(score: ArrayLike, truth: ArrayLike, k: int, counts: ArrayLike) -> Floats:
    """Share of the k objects of the highest score that are among the k of the highest truth.

    An object is among the latter when its truth is at least the k-th highest: objects that are as good count
    as as good, so these may be more than k.

    Args:
        score, truth: shape `(n,)`, without NaN.
        k: 1 to n.
        counts: how often each object counts, shape `(B, n)`, at least k copies in all.

    Returns:
        Shape `(B,)`, in [0, 1]; NaN for a constant score.

    Raises:
        CrozeError: shapes that do not fit, a NaN, or a k outside 1..n.
    """
    x, y, weights = _checked(score, truth, k, counts)
    best = _best(x, k, weights)
    taken = np.clip(k - best.before, 0.0, best.sizes)
    share = np.divide(taken, best.sizes, out=np.zeros_like(taken), where=best.sizes > 0)
    inside = y[best.order] >= _threshold(y, k, weights)[:, None]
    hits = (weights[:, best.order] * best.per_object(share) * inside).sum(axis=1)
    return np.where(_constant(x, weights), np.nan, hits / k)


def chance_at(truth: ArrayLike, k: int, counts: ArrayLike) -> Floats:
    """What `precision_at` is on average for a random order, shape `(B,)`."""
    _, y, weights = _checked(truth, truth, k, counts)
    inside = y >= _threshold(y, k, weights)[:, None]
    return np.asarray((weights * inside).sum(axis=1) / weights.sum(axis=1), dtype=np.float64)


def ndcg_at(score: ArrayLike, gain: ArrayLike, k: int, counts: ArrayLike) -> Floats:
    """Normalised discounted cumulative gain of the first k: sum of gain / log2(1 + place), over the largest.

    The gain of a network is its accuracy, as in the code that Tybl & Neumann (2025, VKDNW) publish, which is
    scikit-learn's `ndcg_score`; Zhang et al. (2021, AceNAS) argue for the measure. Accuracies lie close
    together, so values are close to 1 and say something only beside those of a random order
    (`random_ndcg_at`).

    Args:
        score: shape `(n,)`, without NaN.
        gain: shape `(n,)`, at least 0.
        k: 1 to n.
        counts: as `precision_at`.

    Returns:
        Shape `(B,)`, in [0, 1]; NaN for a constant score, or where no gain is above 0.

    Raises:
        CrozeError: as `precision_at`, or a gain below 0.
    """
    x, y, weights = _checked(score, gain, k, counts)
    if (y < 0).any():
        raise CrozeError(f"A gain is at least 0, got {y.min():g}.")
    found = _gained(x, y, k, weights)
    ideal = _gained(y, y, k, weights)
    ratio = np.divide(found, ideal, out=np.full(len(weights), np.nan), where=ideal > 0)
    return np.where(_constant(x, weights), np.nan, ratio)


def random_ndcg_at(gain: ArrayLike, k: int, counts: ArrayLike) -> Floats:
    """What `ndcg_at` is on average for a random order, shape `(B,)`."""
    _, y, weights = _checked(gain, gain, k, counts)
    mean = (weights @ y) / weights.sum(axis=1)
    ideal = _gained(y, y, k, weights)
    found = np.full(len(weights), np.nan)
    np.divide(mean * _discounts(k).sum(), ideal, out=found, where=ideal > 0)
    return found


def picked(score: ArrayLike, truth: ArrayLike, counts: ArrayLike) -> tuple[Floats, Floats]:
    """The truth of the object of the highest score, and how many share this score.

    Args:
        score, truth: shape `(n,)`, without NaN.
        counts: how often each object counts, shape `(B, n)`.

    Returns:
        The mean truth of those that share the highest score, `(B,)`, NaN for a constant score; and the number
        of objects among them, each once, `(B,)`.

    Raises:
        CrozeError: as `precision_at`.
    """
    x, y, weights = _checked(score, truth, 1, counts)
    best = _best(x, 1, weights)
    first = np.argmax(best.sizes > 0, axis=1)
    lengths = np.diff(np.append(best.start, len(best.order)))
    run = np.repeat(np.arange(len(best.start)), lengths)
    inside = weights[:, best.order] * (run == first[:, None])
    mean = (inside @ y[best.order]) / inside.sum(axis=1)
    constant = _constant(x, weights)
    return np.where(constant, np.nan, mean), (inside > 0).sum(axis=1).astype(np.float64)


def best_of_top(score: ArrayLike, truth: ArrayLike, k: int) -> float:
    """The best truth among the k objects of the highest score; NaN for a constant score.

    Args:
        score, truth: shape `(n,)`, without NaN.
        k: 1 to n.

    Raises:
        CrozeError: as `precision_at`.
    """
    x, y, weights = _checked(score, truth, k, np.ones((1, np.size(score))))
    if _constant(x, weights)[0]:
        return float("nan")
    last = np.sort(x)[::-1][k - 1]
    sure, tied = y[x > last], y[x == last]
    return _expected_best(tied, k - len(sure), float(sure.max(initial=-np.inf)))


def best_of_random(truth: ArrayLike, k: int) -> float:
    """The best truth among k objects drawn without replacement, on average."""
    _, y, _ = _checked(truth, truth, k, np.ones((1, np.size(truth))))
    return _expected_best(y, k, -np.inf)


def _expected_best(values: Floats, draws: int, floor: float) -> float:
    """The mean of the largest of so many of these and the floor, every subset as likely as any other."""
    descending = np.sort(values)[::-1]
    n = len(descending)
    # that the i best are all missed: product over them of (n - draws - i) / (n - i)
    i = np.arange(n - draws + 1)
    missed = np.concatenate([[1.0], np.cumprod((n - draws - i[:-1]) / (n - i[:-1]))])
    chance = missed * draws / (n - i)
    return float(chance @ np.maximum(descending[: len(i)], floor))


def _checked(score: ArrayLike, truth: ArrayLike, k: int, counts: ArrayLike) -> tuple[Floats, Floats, Floats]:
    x, y, weights = (np.asarray(values, dtype=np.float64) for values in (score, truth, counts))
    if x.ndim != 1 or x.shape != y.shape or weights.ndim != 2 or weights.shape[1] != len(x):
        raise CrozeError(
            "The top of a ranking needs a score and a truth of shape (n,) and counts (B, n), "
            f"got {x.shape}, {y.shape} and {weights.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise CrozeError("What is not finite cannot be ranked: leave that object out first.")
    if not 1 <= k <= len(x) or (weights.sum(axis=1) < k).any():
        raise CrozeError(f"The top k of {len(x)} objects needs a k of 1 to {len(x)}, got {k}.")
    return x, y, weights


def _best(values: Floats, k: int, weights: Floats) -> _Ranked:
    order = np.argsort(-values, kind="stable")
    head = min(len(order), 4 * k + 32)
    while head < len(order) and (weights[:, order[:head]].sum(axis=1) < k).any():
        head = min(len(order), 2 * head)
    # a run of equals is not cut
    head = int(np.searchsorted(-values[order], -values[order[head - 1]], side="right"))
    order = order[:head]
    ordered = values[order]
    start = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    upto = np.cumsum(weights[:, order], axis=1)[:, np.append(start[1:], head) - 1]
    before = np.concatenate([np.zeros((len(weights), 1)), upto[:, :-1]], axis=1)
    return _Ranked(order, start, upto - before, before)


def _threshold(truth: Floats, k: int, weights: Floats) -> Floats:
    """The k-th highest truth, `(B,)`."""
    best = _best(truth, k, weights)
    last = np.argmax(best.before + best.sizes >= k, axis=1)
    return np.asarray(truth[best.order[best.start[last]]], dtype=np.float64)


def _discounts(k: int) -> Floats:
    return np.asarray(1.0 / np.log2(np.arange(2, k + 2)), dtype=np.float64)


def _gained(values: Floats, gain: Floats, k: int, weights: Floats) -> Floats:
    """Discounted gain of the first k by `values`, the mean over the orders of equal ones."""
    best = _best(values, k, weights)
    upto = np.append(0.0, np.cumsum(_discounts(k)))
    first, last = (
        np.minimum(places, k).astype(np.intp) for places in (best.before, best.before + best.sizes)
    )
    gained = np.add.reduceat(weights[:, best.order] * gain[best.order], best.start, axis=1)
    mean = np.divide(gained, best.sizes, out=np.zeros_like(gained), where=best.sizes > 0)
    return np.asarray((mean * (upto[last] - upto[first])).sum(axis=1), dtype=np.float64)


def _constant(values: Floats, weights: Floats) -> NDArray[np.bool_]:
    """Where all objects that count have one value, `(B,)`."""
    order = np.argsort(values, kind="stable")
    counted = weights[:, order] > 0
    lowest = np.argmax(counted, axis=1)
    highest = len(order) - 1 - np.argmax(counted[:, ::-1], axis=1)
    return np.asarray(values[order[lowest]] == values[order[highest]])
