"""A ranking as one long table: proxy, column, cells, statistic, value, low, high, n."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import Count, Share, number_or_none
from croze.proxies import Criterion, merits
from croze.proxies.size import LiveParams
from croze.ranking.columns import SINGLE, ColumnSet
from croze.ranking.scored import Scored
from croze.ranking.statistics import GIVEN, SPEARMAN, STATISTICS, Sample, Statistic
from croze.stats import percentile_interval
from croze.stats.correlation import MINIMUM
from croze.truth import Truth

Floats = NDArray[np.float64]

CONTROL = LiveParams()
"""What partial correlations hold fixed."""

GIVEN_SIZE = GIVEN.format(CONTROL.spec)
"""The statistic of the partial rho given the number of parameters that a gradient reaches."""

ORACLE, RANDOM = "oracle", "random order"
"""What stands as proxy of the order by accuracy itself, and of a random one."""

OWN = ", own"
"""Behind the name of a set of cells: each proxy on all of these on which it succeeded."""

FEW = 0.05
"""Share of failures from which on a proxy stands on its own cells, so that others need not lose them."""


@dataclass(frozen=True)
class Record:
    """One line of the long table.

    Attributes:
        proxy: spec of the proxy or aggregate; `ORACLE` or `RANDOM`.
        column: of the truth, or a group of columns; `mean` for the mean over all of them.
        cells: name of the set of cells, such as `distinct cells, report half`.
        statistic: its name in `STATISTICS`, with its parameter.
        value: NaN where undefined. Correlations and shares lie in [-1, 1], accuracies in [0, 1].
        low, high: ends of the bootstrap interval; NaN without one.
        n: number of cells behind the value.
    """

    proxy: str
    column: str
    cells: str
    statistic: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0


NUMBERS = ("value", "low", "high")
"""What of a line may be NaN, which JSON does not have."""


@dataclass(frozen=True)
class Cells:
    """A set of cells.

    Attributes:
        chosen: number of cells that were drawn.
        n: number of those on which every proxy that shares its cells with the others, and every size,
            succeeded.
        distinct: number of isomorphism classes among the latter.
        failures: on how many of the chosen cells each proxy or size failed, where it failed.
        reasons: why, on the first of them.
        constant: proxies whose score is the same for all cells.
        common: proxies whose values rest on the same n cells.
        deciles: by live parameters: number of cells, the smallest and the largest; empty without sizes.
    """

    chosen: Count
    n: Count
    distinct: Count
    failures: Mapping[str, Count] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    constant: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    deciles: tuple[tuple[int, float, float], ...] = ()


@dataclass(frozen=True)
class Bootstrap:
    """How intervals were drawn: resamples of the cells, seed, level in (0, 1)."""

    resamples: Count = 1000
    seed: Count = 0
    level: Share = 0.95


class CellsContent(TypedDict):
    """What is written of a set of cells."""

    chosen: Count
    n: Count
    distinct: Count
    failures: dict[str, Count]
    reasons: dict[str, str]
    constant: tuple[str, ...]
    common: tuple[str, ...]
    deciles: list[tuple[Count, float | None, float | None]]


class Lines(TypedDict):
    """The long table, column by column."""

    proxy: list[str]
    column: list[str]
    cells: list[str]
    statistic: list[str]
    value: list[float | None]
    low: list[float | None]
    high: list[float | None]
    n: list[Count]


class Content(TypedDict):
    """What `Ranking.to_json` writes."""

    ranking: Lines
    cells: dict[str, CellsContent]
    bootstrap: Bootstrap
    reference: str


@dataclass(frozen=True, eq=False)
class Ranking:
    """The long table, with what is known of its cells; `at` and `select` take from it.

    Attributes:
        records: each proxy, column, set of cells and statistic once.
        cells: by name.
        bootstrap: of the intervals.
        reference: the proxy that differences are to; empty without.
    """

    records: tuple[Record, ...]
    cells: Mapping[str, Cells]
    bootstrap: Bootstrap
    reference: str = ""

    @cached_property
    def proxies(self) -> tuple[str, ...]:
        """Specs, in the order in which they were given."""
        met = dict.fromkeys(record.proxy for record in self.records)
        return tuple(proxy for proxy in met if proxy not in (ORACLE, RANDOM))

    def columns(self, cells: str) -> tuple[str, ...]:
        """The columns on a set of cells, in order."""
        return tuple(dict.fromkeys(record.column for record in self.records if record.cells == cells))

    def statistics(self, cells: str, column: str) -> tuple[str, ...]:
        """The statistics of a column on a set of cells, in order."""
        return tuple(dict.fromkeys(r.statistic for r in self.select(cells=cells, column=column)))

    def at(self, proxy: str, column: str, cells: str, statistic: str = SPEARMAN) -> Record:
        """One line; undefined where the table has none."""
        found = self._lines.get((proxy, column, cells, statistic))
        return Record(proxy, column, cells, statistic) if found is None else found

    def select(self, **wanted: str | Collection[str]) -> list[Record]:
        """The lines of these, by `proxy`, `column`, `cells` or `statistic`; one name or several."""
        sets = {key: {value} if isinstance(value, str) else set(value) for key, value in wanted.items()}
        return [r for r in self.records if all(getattr(r, key) in names for key, names in sets.items())]

    def order(self, column: str, cells: str, statistic: str = SPEARMAN) -> list[str]:
        """The proxies, the largest value first, those without one last."""

        def place(proxy: str) -> tuple[bool, float]:
            value = self.at(proxy, column, cells, statistic).value
            return (math.isnan(value), -value)

        return sorted(self.proxies, key=place)

    def rows(self) -> list[dict[str, Any]]:
        """The lines as mappings."""
        return [dict(vars(record)) for record in self.records]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, the long table column by column; NaN as None."""
        table: dict[str, list[Any]] = {
            name: [getattr(record, name) for record in self.records] for name in Record.__dataclass_fields__
        }
        return {
            "ranking": table | {name: list(map(number_or_none, table[name])) for name in NUMBERS},
            "cells": {
                name: {
                    **asdict(entry),
                    "constant": list(entry.constant),
                    "common": list(entry.common),
                    "deciles": [[n, *map(number_or_none, ends)] for n, *ends in entry.deciles],
                }
                for name, entry in self.cells.items()
            },
            "bootstrap": asdict(self.bootstrap),
            "reference": self.reference,
        }

    @classmethod
    def from_json(cls, content: Content) -> Self:
        """What `to_json` wrote; raises CrozeError where its columns differ in length."""
        table = dict(content["ranking"])
        columns: list[Any] = [table[name] for name in Record.__dataclass_fields__]
        if len(set(map(len, columns))) != 1:
            raise CrozeError("the columns of its long table differ in length")
        numbers = ("value", "low", "high")
        columns = [
            map(_number, column) if name in numbers else column
            for name, column in zip(Record.__dataclass_fields__, columns, strict=True)
        ]
        cells = {
            name: Cells(
                entry["chosen"],
                entry["n"],
                entry["distinct"],
                entry["failures"],
                entry["reasons"],
                tuple(entry["constant"]),
                tuple(entry["common"]),
                tuple((n, _number(low), _number(high)) for n, low, high in entry["deciles"]),
            )
            for name, entry in content["cells"].items()
        }
        records = tuple(Record(*line) for line in zip(*columns, strict=True))
        return cls(records, cells, content["bootstrap"], content["reference"])

    @cached_property
    def _lines(self) -> dict[tuple[str, str, str, str], Record]:
        return {(r.proxy, r.column, r.cells, r.statistic): r for r in self.records}


def together(rankings: Sequence[Ranking]) -> Ranking:
    """Several tables as one; where more than one has a line or a set of cells, the first one counts."""
    lines: dict[tuple[str, str, str, str], Record] = {}
    cells: dict[str, Cells] = {}
    for ranking in rankings:
        for key, record in ranking._lines.items():
            lines.setdefault(key, record)
        for name, entry in ranking.cells.items():
            first = cells.setdefault(name, entry)
            failures = {**entry.failures, **first.failures}
            cells[name] = replace(first, failures=failures, deciles=first.deciles or entry.deciles)
    reference = next((ranking.reference for ranking in rankings if ranking.reference), "")
    return Ranking(tuple(lines.values()), cells, rankings[0].bootstrap, reference)


def rank(
    truth: Truth,
    columns: ColumnSet,
    positions: NDArray[np.int64],
    scores: Mapping[str, Floats],
    sizes: Mapping[str, Floats],
    *,
    cells: str = "all cells",
    statistics: Sequence[str] = (SPEARMAN, GIVEN),
    deep: bool = False,
    reference: str = "",
    tops: Sequence[int] | None = None,
    bootstrap: Bootstrap = Bootstrap(),
) -> Ranking:
    """How scores rank cells by their measured accuracies, on the cells where all scores and sizes are known.

    The bootstrap draws cells; all proxies, columns and statistics see the same draws, and a column's value is
    formed anew on each. Where the cells hold several strings of one isomorphism class, these count as cells
    of their own, and the intervals are narrower than the number of distinct cells warrants. An aggregate's
    values are kept as they are.

    Args:
        truth: the ground truth.
        columns: to judge by.
        positions: of the cells in the truth, shape `(k,)`, from `select`.
        scores: by proxy, larger being better, shape `(k,)`, NaN where it failed; infinite counts as failed.
        sizes: what partial correlations hold fixed, by name, shape `(k,)`, NaN where unknown; may be empty.
        cells: the name of the set of cells.
        statistics: names in `STATISTICS`; those that need sizes or a reference are left out without.
        deep: intervals for all statistics that have one, not for the quick ones alone.
        reference: the proxy that differences are to.
        tops: the k of the statistics of the top; 10, 50 and 5% of the cells without. Those of n and more are
            left out.
        bootstrap: resamples, 0 for no intervals.

    Raises:
        CrozeError: no proxy or column, a reference that is none of the proxies, an unknown statistic, cells
            that the truth does not have, or arrays that are not aligned with the cells.
    """
    if not scores or not columns.columns:
        raise CrozeError(
            f"A ranking needs a proxy and a column, got {len(scores)} proxies and "
            f"{len(columns.columns)} columns."
        )
    if reference and reference not in scores:
        raise CrozeError(f"The reference must be one of {', '.join(scores)}, got {reference!r}.")
    unknown = [name for name in statistics if name not in STATISTICS]
    if unknown:
        raise CrozeError(f"The statistics are {', '.join(STATISTICS)}, got {unknown[0]!r}.")
    if len(positions) and (positions.min() < 0 or positions.max() >= len(truth)):
        raise CrozeError(
            f"Cells must lie in 0..{len(truth) - 1}, got {positions.min()} to {positions.max()}."
        )
    for what, values in (*scores.items(), *sizes.items()):
        if values.shape != positions.shape:
            raise CrozeError(
                f"{what} must hold one value per cell, shape {positions.shape}, got {values.shape}."
            )
    every = {**sizes, **scores}
    known = {name: np.isfinite(values) for name, values in every.items()}
    usable = np.all(list(known.values()), axis=0)
    kept = positions[usable]
    sample = Sample(
        np.stack([np.asarray(values, dtype=np.float64)[usable] for values in scores.values()]),
        np.stack([truth.values(name)[kept] for name in columns.raw]),
        {name: np.asarray(values, dtype=np.float64)[usable] for name, values in sizes.items()},
        CONTROL.spec if CONTROL.spec in sizes else "",
        _tops(tops, len(kept)),
        list(scores).index(reference) if reference else None,
        bootstrap.resamples,
        bootstrap.seed,
    )
    names = (*columns.names, *(("mean",) if columns.averaged else ()))
    records = []
    for name in statistics:
        statistic = STATISTICS[name]
        resampled = statistic.interval == "always" or (deep and statistic.interval == "deep")
        looked = sample if resampled else sample.once
        for parameter in _parameters(sample, statistic):
            label = statistic.name.format(parameter)
            values = _values(looked, statistic, parameter, columns, bootstrap.level)
            records += [
                Record(proxy, column, cells, label, value, low, high, len(kept))
                for i, proxy in enumerate(scores)
                for column, (value, low, high) in zip(names, values[:, i].T.tolist(), strict=True)
            ]
            if columns.convention == SINGLE and not columns.averaged and len(kept) >= MINIMUM:
                records += _bounds(sample, statistic, parameter, label, names, cells)
    entry = Cells(
        len(positions),
        len(kept),
        len(np.unique(truth.representative[kept])),
        {name: int((~ok).sum()) for name, ok in known.items() if not ok.all()},
        {},
        tuple(n for n, row in zip(scores, sample.scores, strict=True) if len(row) and row.min() == row.max()),
        tuple(scores),
        _deciles(sample) if "decile {}" in statistics and len(kept) >= MINIMUM else (),
    )
    return Ranking(tuple(records), {cells: entry}, bootstrap, reference)


def rank_scored(
    truth: Truth,
    columns: ColumnSet,
    positions: NDArray[np.int64],
    scored: Scored,
    criteria: Sequence[Criterion],
    *,
    cells: str,
    common: Collection[str] | None = None,
    bootstrap: Bootstrap = Bootstrap(),
) -> Ranking:
    """Rho, and rho given live parameters, of criteria of which some fail often.

    Criteria that seldom fail are compared on the cells where all of them succeeded; the others stand on their
    own. Under the name of the cells with `OWN` behind, each has its rho on all cells where it succeeded,
    whatever the others did. An aggregate ranks the chosen cells, all on which its parts succeeded, before any
    is left out.

    Args:
        truth, columns, positions, cells, bootstrap: as of `rank`.
        scored: the scores of at least these cells by every part, and by `CONTROL`; partial rhos are undefined
            without the latter.
        criteria: at least one, each once.
        common: specs of those that are compared on shared cells; `seldom_failing` on these cells without.
    """
    architectures = [truth.architectures[i] for i in positions]
    raw = scored.columns(architectures)
    sizes = {CONTROL.spec: raw[CONTROL.spec]} if CONTROL.spec in raw else {}
    values = merits(criteria, raw)
    if common is None:
        common = seldom_failing(criteria, scored, architectures)
    shared = {spec: merit for spec, merit in values.items() if spec in common}
    alone = [{spec: merit} for spec, merit in values.items() if spec not in shared]
    found = [
        rank(truth, columns, positions, group, sizes, cells=cells, bootstrap=bootstrap)
        for group in [*([shared] if shared else []), *alone]
    ]
    once = replace(bootstrap, resamples=0)
    own = [
        rank(truth, columns, positions, {spec: merit}, {}, cells=cells + OWN, bootstrap=once)
        for spec, merit in values.items()
    ]
    ranking = together([*found, *own])
    entry = replace(
        found[0].cells[cells],
        n=found[0].cells[cells].n if shared else 0,
        failures={
            spec: count for spec, merit in values.items() if (count := int((~np.isfinite(merit)).sum()))
        },
        reasons={c.spec: r for c in criteria if (r := scored.first_reason(c, architectures))},
        common=tuple(shared),
    )
    order = {criterion.spec: i for i, criterion in enumerate(criteria)}
    records = tuple(sorted(ranking.records, key=lambda r: order.get(r.proxy, len(order))))
    return replace(ranking, records=records, cells={cells: entry})


def seldom_failing(
    criteria: Sequence[Criterion], scored: Scored, architectures: Sequence[str]
) -> frozenset[str]:
    """Specs of the criteria that fail on fewer than 5% of these architectures."""
    values = merits(criteria, scored.columns(architectures))
    failures = {spec: (~np.isfinite(merit)).sum() for spec, merit in values.items()}
    return frozenset(spec for spec, count in failures.items() if count < FEW * len(architectures))


def shortfall_of(failures: Mapping[str, int]) -> str:
    """Who failed on how many of the cells; what to do where nobody did."""
    return ", ".join(f"{proxy} failed on {n:,}" for proxy, n in failures.items()) or "take a larger sample"


def _parameters(sample: Sample, statistic: Statistic) -> Sequence[Any]:
    if sample.scores.shape[1] < MINIMUM and statistic.needs in ("decile", "deciles"):
        return ("",) if statistic.needs == "deciles" and sample.grouped_by else ()
    return sample.parameters(statistic.needs)


def _values(sample: Sample, statistic: Statistic, parameter: Any, columns: ColumnSet, level: float) -> Floats:
    """Value, low and high of every score and column, shape `(3, p, c)`; no interval of what is undefined."""
    if sample.scores.shape[1] < MINIMUM:
        width = len(columns.columns) + columns.averaged
        return np.full((3, len(sample.scores), width), np.nan)
    found = columns.combined(statistic.compute(sample, parameter))
    ends = np.full((2, *found.shape[1:]), np.nan)
    if len(found) > 1:
        ends = np.where(np.isnan(found[0]), np.nan, np.stack(percentile_interval(found[1:], level)))
    return np.concatenate([found[:1], ends])


def _bounds(
    sample: Sample, statistic: Statistic, parameter: Any, label: str, names: Sequence[str], cells: str
) -> list[Record]:
    """What the order by accuracy itself and a random one come to, the latter within a standard deviation."""
    found = []
    for proxy, function in ((ORACLE, statistic.oracle), (RANDOM, statistic.random)):
        if function is None:
            continue
        for column, truth in zip(names, sample.truths, strict=True):
            value = function(truth, parameter)
            away = statistic.deviation(truth) if statistic.deviation and proxy == RANDOM else math.nan
            found.append(Record(proxy, column, cells, label, value, value - away, value + away, len(truth)))
    return found


def _tops(tops: Sequence[int] | None, n: int) -> tuple[int, ...]:
    wanted = (10, 50, round(0.05 * n)) if tops is None else tops
    return tuple(sorted({k for k in wanted if 1 <= k < n}))


def _deciles(sample: Sample) -> tuple[tuple[int, float, float], ...]:
    if not sample.grouped_by:
        return ()
    size = sample.sizes[sample.grouped_by]
    parts = [size[sample.groups == group] for group in range(int(sample.groups.max()) + 1)]
    return tuple(
        (len(part), float(part.min()), float(part.max())) if len(part) else (0, math.nan, math.nan)
        for part in parts
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
