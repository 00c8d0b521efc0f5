"""The statistics of a ranking, in one registry: what each is called, what it needs, how it is computed.

A statistic gives a value for every score and every truth column, as the cells are and on every resample. To
add one, write its function and its entry in `STATISTICS`; it then has its rows in the long table and its
columns in every page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from croze.stats import (
    Within,
    best_of_random,
    best_of_top,
    chance_at,
    drawn_counts,
    kendall_under,
    ndcg_at,
    partial_correlation,
    partial_given_all,
    picked,
    precision_at,
    random_ndcg_at,
    rank_correlations,
    rho_within,
    size_groups,
    weighted_tau,
)

Floats = NDArray[np.float64]

Needs = Literal["", "size", "sizes", "top", "decile", "deciles", "reference"]
"""What a statistic has a value for each of (a size, a k of the top, a decile), or cannot do without."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Cells on which all scores and sizes are known.

    Attributes:
        scores: larger being better, shape `(p, n)`.
        truths: accuracies, shape `(m, n)`.
        sizes: what partial correlations hold fixed, by name, shape `(n,)` each.
        grouped_by: the size whose deciles rho is taken inside of; empty for none.
        tops: the k of the statistics of the top.
        reference: the score that the others are compared with, by its position; None for none.
        resamples, seed: of the bootstrap over cells.
    """

    scores: Floats
    truths: Floats
    sizes: Mapping[str, Floats]
    grouped_by: str
    tops: tuple[int, ...]
    reference: int | None
    resamples: int
    seed: int

    @cached_property
    def counts(self) -> Floats:
        """How often each cell counts: as given first, then on every resample, shape `(1 + B, n)`."""
        return drawn_counts(self.scores.shape[1], self.resamples, self.seed)

    @cached_property
    def once(self) -> Sample:
        """The cells as given, without resamples."""
        return self if self.resamples == 0 else replace(self, resamples=0)

    @cached_property
    def pairs(self) -> Floats:
        """Spearman's rho of scores and sizes with these and the truths, shape `(1 + B, p + q, p + q + m)`."""
        stacked = np.concatenate([self.scores, *(size[None] for size in self.sizes.values()), self.truths])
        return rank_correlations(stacked, len(self.scores) + len(self.sizes), self.counts)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """The decile of every cell by size, 0 to 9."""
        return size_groups(self.sizes[self.grouped_by])

    @cached_property
    def within(self) -> Within:
        """Rho inside each decile."""
        return rho_within(self.groups, self.scores, self.truths, self.counts)

    def parameters(self, needs: Needs) -> Sequence[Any]:
        """What a statistic of this need has a value for each of."""
        if needs == "decile":
            return range(1, int(self.groups.max()) + 2) if self.grouped_by else ()
        has = {
            "deciles": ("",) if self.grouped_by else (),
            "": ("",),
            "size": tuple(self.sizes),
            "sizes": ("",) if len(self.sizes) > 1 else (),
            "top": self.tops,
            "reference": () if self.reference is None else ("",),
        }
        return has[needs]

    def each(self, function: Callable[[Floats, Floats], Any]) -> Floats:
        """A function of one score and one truth, of each of them: `(b,)` to `(b, p, m)`."""
        return np.stack(
            [np.stack([np.atleast_1d(function(x, y)) for y in self.truths], axis=-1) for x in self.scores],
            axis=1,
        )


Compute = Callable[[Sample, Any], Floats]
"""From a sample and a parameter to values, shape `(b, p, m)`."""


@dataclass(frozen=True)
class Statistic:
    """One statistic.

    Attributes:
        name: in the long table; `{}` stands for the parameter.
        heading: in tables.
        compute: its values as given, and on every resample.
        needs: what it has a value for each of.
        interval: whether it has a bootstrap interval: `always`, where it is quick; with `deep`, where all
            statistics are asked for; or `never`.
        unit: of the value: a correlation or share in [-1, 1], an accuracy or a difference of two, a number.
        random: of a truth column, what a random order comes to; None where that is not known.
        oracle: the same of the order by accuracy itself.
        deviation: standard deviation of the former; None where it is not known.
    """

    name: str
    heading: str
    compute: Compute
    needs: Needs = ""
    interval: Literal["always", "deep", "never"] = "deep"
    unit: Literal["rho", "accuracy", "number"] = "rho"
    random: Callable[[Floats, Any], float] | None = None
    oracle: Callable[[Floats, Any], float] | None = None
    deviation: Callable[[Floats], float] | None = None


def _spearman(sample: Sample, _: str) -> Floats:
    p = len(sample.scores)
    return sample.pairs[:, :p, p + len(sample.sizes) :]


def _given(sample: Sample, size: str) -> Floats:
    p, q = len(sample.scores), len(sample.sizes)
    place = p + list(sample.sizes).index(size)
    scores, truths = sample.pairs[:, :p, place], sample.pairs[:, place, p + q :]
    return partial_correlation(_spearman(sample, ""), scores[:, :, None], truths[:, None, :])


def _given_all(sample: Sample, _: str) -> Floats:
    p, q = len(sample.scores), len(sample.sizes)
    sizes = slice(p, p + q)
    return partial_given_all(
        _spearman(sample, ""),
        sample.pairs[:, :p, sizes],
        sample.pairs[:, sizes, p + q :].swapaxes(-1, -2),
        sample.pairs[:, sizes, sizes],
    )


def _difference(sample: Sample, _: str) -> Floats:
    rho = _spearman(sample, "")
    assert sample.reference is not None
    return rho - rho[:, sample.reference, None]


def _picked(sample: Sample, figure: int) -> Floats:
    return sample.each(lambda x, y: picked(x, y, sample.counts)[figure])


def _regret(sample: Sample, _: str) -> Floats:
    best = np.stack([np.where(sample.counts > 0, y, -np.inf).max(axis=1) for y in sample.truths], axis=-1)
    return best[:, None] - _picked(sample, 0)


def _once(truth: Floats) -> Floats:
    return np.ones((1, len(truth)))


SPEARMAN, GIVEN, DIFFERENCE = "spearman", "given {}", "difference"
WITHIN, DECILE = "within deciles", "decile {}"

STATISTICS: Mapping[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        Statistic(SPEARMAN, "rho", _spearman, interval="always"),
        Statistic(DIFFERENCE, "difference of rho", _difference, "reference", "always"),
        Statistic("kendall", "tau-b", lambda s, _: kendall_under(s.scores, s.truths, s.counts)),
        Statistic("weighted tau", "weighted tau", lambda s, _: s.each(weighted_tau), interval="never"),
        Statistic(GIVEN, "given {}", _given, "size", "always"),
        Statistic("given all sizes", "given all sizes", _given_all, "sizes", "always"),
        Statistic(WITHIN, "in deciles", lambda s, _: s.within.mean(), "deciles"),
        Statistic(DECILE, "{}", lambda s, group: s.within.rho[:, group - 1], "decile", "never"),
        Statistic(
            "precision@{}", "P@{}",
            lambda s, k: s.each(lambda x, y: precision_at(x, y, k, s.counts)), "top",
            random=lambda y, k: float(chance_at(y, k, _once(y))[0]), oracle=lambda y, k: 1.0,
        ),
        Statistic(
            "ndcg@{}", "nDCG@{}",
            lambda s, k: s.each(lambda x, y: ndcg_at(x, y, k, s.counts)), "top",
            random=lambda y, k: float(random_ndcg_at(y, k, _once(y))[0]), oracle=lambda y, k: 1.0,
        ),
        Statistic(
            "regret", "regret", _regret, unit="accuracy",
            random=lambda y, _: float(y.max() - y.mean()), oracle=lambda y, _: 0.0,
            deviation=lambda y: float(y.std()),
        ),
        Statistic(
            "regret@{}", "regret, best of {}",
            lambda s, k: s.each(lambda x, y: y.max() - best_of_top(x, y, k)), "top", "never", "accuracy",
            random=lambda y, k: float(y.max()) - best_of_random(y, k), oracle=lambda y, k: 0.0,
        ),
        Statistic(
            "picked accuracy", "picks", lambda s, _: _picked(s, 0), "", "never", "accuracy",
            random=lambda y, _: float(y.mean()), oracle=lambda y, _: float(y.max()),
        ),
        Statistic("sharing first place", "sharing", lambda s, _: _picked(s, 1), "", "never", "number"),
    )
}  # fmt: skip
"""Every statistic by name."""
