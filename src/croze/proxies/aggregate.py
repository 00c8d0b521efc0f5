"""Several proxies as one: aggregates of ranks over a population of networks.

A proxy says something of one network; an aggregate says where a network stands among others. In a benchmark
the population is all cells of the run, in a search those scored so far, and for a single network a reference
population (`reference`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.proxies.base import Proxy
from croze.stats import ranks

Floats = NDArray[np.float64]

KINDS: Mapping[str, str] = {
    "rank": "mean of the percentiles by each part (the rank-sum)",
    "logrank": "sum of the logarithms of the percentiles by each part (AZ-NAS's non-linear aggregation)",
}
"""The ways to aggregate, by name."""


@dataclass(frozen=True)
class Aggregate:
    """Ranks by several proxies put together; higher is better.

    The percentile of a network by one part is its mid-rank among the n networks of the population, divided by
    n: in (0, 1], 1 for the best. Only networks on which every part succeeded belong to the population.

    Args:
        kind: `rank` (mean of percentiles, in (0, 1]) or `logrank` (sum of their logarithms, <= 0; Lee & Ham
            2024, Eq. 8).
        parts: at least two; one that stands there twice counts double.
        alias: the name of a named aggregate; empty for one that is written out.
        summary, source: for `croze list`.

    Raises:
        CrozeError: an unknown kind, or fewer than two parts.
    """

    kind: str
    parts: tuple[Proxy, ...]
    alias: str = ""
    summary: str = ""
    source: str = ""

    higher_is_better = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise CrozeError(f"An aggregate is {' or '.join(KINDS)}, got {self.kind!r}.")
        if len(self.parts) < 2:
            raise CrozeError(f"{self.kind}(...) takes at least 2 proxies, got {len(self.parts)}.")

    @property
    def definition(self) -> str:
        """The aggregate written out: kind and parts."""
        return f"{self.kind}({','.join(part.spec for part in self.parts)})"

    @property
    def spec(self) -> str:
        """Its name: the alias, or the definition."""
        return self.alias or self.definition

    @cached_property
    def distinct(self) -> tuple[Proxy, ...]:
        """Every part once, in order."""
        return tuple({part.spec: part for part in self.parts}.values())

    def combine(self, columns: Mapping[str, Floats]) -> Floats:
        """The aggregate over a population.

        Args:
            columns: raw scores by part, shape `(n,)` each, NaN where a score failed.

        Returns:
            Shape `(n,)`, NaN where some part failed.
        """
        merits = {part.spec: directed(part, columns[part.spec]) for part in self.distinct}
        usable = np.all([np.isfinite(merit) for merit in merits.values()], axis=0)
        combined = np.full(len(usable), np.nan)
        if usable.any():
            places = {spec: ranks(merit[usable]) / usable.sum() for spec, merit in merits.items()}
            stacked = np.stack([places[part.spec] for part in self.parts])
            combined[usable] = stacked.mean(axis=0) if self.kind == "rank" else np.log(stacked).sum(axis=0)
        return combined

    def percentiles(self, columns: Mapping[str, Floats], index: int) -> dict[str, float]:
        """Of one network of a population in which every part succeeded: its percentile by each part."""
        found = {}
        for part in self.distinct:
            merit = directed(part, columns[part.spec])
            found[part.spec] = float(ranks(merit)[index] / len(merit))
        return found


Criterion = Proxy | Aggregate
"""What networks can be ranked by."""


def directed(proxy: Proxy, column: Floats) -> Floats:
    """The scores turned so that higher is better."""
    return column if proxy.higher_is_better else -column


def parts_of(criteria: Sequence[Criterion]) -> list[Proxy]:
    """Every proxy that these criteria need, once, in order."""
    found: dict[str, Proxy] = {}
    for criterion in criteria:
        for proxy in criterion.distinct if isinstance(criterion, Aggregate) else (criterion,):
            found.setdefault(proxy.spec, proxy)
    return list(found.values())


def merits(criteria: Sequence[Criterion], columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """What each criterion says of a population, by its spec, turned so that higher is better.

    Args:
        columns: raw scores by proxy, shape `(n,)` each, NaN where a score failed.
    """
    return {
        c.spec: c.combine(columns) if isinstance(c, Aggregate) else directed(c, columns[c.spec])
        for c in criteria
    }
