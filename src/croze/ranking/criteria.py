"""Which proxies a survey looks at, what each is, and how it agrees with scores that others published."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.proxies import (
    AGGREGATES,
    PROXIES,
    Aggregate,
    Criterion,
    Proxy,
    parse_proxies,
    parse_proxy,
    parts_of,
)
from croze.ranking.scored import Scored
from croze.stats import spearman
from croze.truth import PublishedScores

ALL = "all"
"""The text that stands for all of them."""

ALONE = (
    *(
        f"{form}(components={component})"
        for form in ("croze-paper", "croze-official")
        for component in ("features", "parameters", "gradients")
    ),
    "croze-positional(components=features)",
    "croze-positional(components=parameters)",
)
"""Components of the CRoZe forms alone; of `croze-positional` the gradients are the default."""

OWN = "this project"
"""What the source of a criterion begins with that is this project's own choice."""


def is_own(criterion: Criterion) -> bool:
    """Whether this project made it up, and looked at the choose half of the cells while doing so."""
    return criterion.source.startswith(OWN)


def named_criteria() -> list[Criterion]:
    """Every proxy with its defaults, and the named aggregates."""
    return [*(kind() for kind in PROXIES.values()), *AGGREGATES.values()]


def criteria_of(proxies: str | Criterion | Iterable[str | Criterion]) -> list[Criterion]:
    """Those of `parse_proxies`; for `all` every named one and the components of the CRoZe forms alone.

    Raises:
        CrozeError: as `parse_proxies`.
    """
    if isinstance(proxies, str) and proxies.strip() == ALL:
        named = named_criteria()
        return [*named[: len(PROXIES)], *parse_proxies(",".join(ALONE)), *named[len(PROXIES) :]]
    return parse_proxies(proxies)


@dataclass(frozen=True)
class Entry:
    """What a proxy or an aggregate is; the needs of an aggregate are those of its parts together.

    Attributes:
        name: without arguments.
        summary, source: as it says itself.
        labels, gradients, images: whether it needs them.
        dtype: what it computes in; several, where the parts of an aggregate differ.
        arguments: names with defaults, or the definition of an aggregate.
    """

    name: str
    summary: str
    source: str
    labels: bool
    gradients: bool
    images: bool
    dtype: str
    arguments: str


def catalogue(criteria: Sequence[Criterion]) -> tuple[Entry, ...]:
    """An entry for each name among these, in order; arguments that they were given are not looked at."""
    found: dict[str, Entry] = {}
    for criterion in criteria:
        entry = _entry(criterion)
        found.setdefault(entry.name, entry)
    return tuple(found.values())


def _entry(criterion: Criterion) -> Entry:
    parts = parts_of([criterion])
    if isinstance(criterion, Aggregate):
        name, arguments = criterion.spec, criterion.definition
    else:
        name = criterion.name
        arguments = ", ".join(f"{field.name}={_text(field.default)}" for field in fields(type(criterion)))
    return Entry(
        name,
        criterion.summary,
        criterion.source,
        any(part.needs_labels for part in parts),
        any(part.needs_gradients for part in parts),
        any(part.needs_images for part in parts),
        ", ".join(dict.fromkeys(part.dtype for part in parts)),
        arguments,
    )


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Counterpart:
    """A proxy and the published column that stands for the same.

    Attributes:
        spec: the proxy.
        column: of the published file.
        unit: where equal numbers are expected, how many of ours are one of theirs; 0 where they are not.
        known: what is known of the published values.
    """

    spec: str
    column: str
    unit: float = 0.0
    known: str = ""


_NOISY = "noisy in the source too"

COUNTERPARTS = (
    Counterpart("epe-nas", "epe_nas", known=_NOISY),
    Counterpart("fisher", "fisher"),
    Counterpart("flops(convention=suite)", "flops", 1e6),
    Counterpart("gradnorm", "grad_norm"),
    Counterpart("grasp", "grasp", known=f"{_NOISY}: two published runs agree at .70"),
    Counterpart("jacob-cov", "jacov"),
    Counterpart("l2-norm", "l2_norm"),
    Counterpart("naswot", "nwot"),
    Counterpart("params", "params", 1e6),
    Counterpart("plain", "plain", known=f"{_NOISY}: two published runs agree at .19"),
    Counterpart("snip", "snip"),
    Counterpart("synflow", "synflow"),
    Counterpart(
        "zen(variance=running)",
        "zen",
        known="published with the running variance; with the batch's, as printed in the paper, rho is lower",
    ),
)
"""The columns of NAS-Bench-Suite-Zero's file for NAS-Bench-201, in its order; sizes are in millions."""


def counterparts(criteria: Sequence[Criterion]) -> list[Counterpart]:
    """Those whose proxy, by name, is one of the criteria or a part of one."""
    names = {proxy.name for proxy in parts_of(criteria)}
    return [counterpart for counterpart in COUNTERPARTS if proxy_of(counterpart).name in names]


def proxy_of(counterpart: Counterpart) -> Proxy:
    """The proxy of a counterpart."""
    (found,) = parts_of([parse_proxy(counterpart.spec)])
    return found


@dataclass(frozen=True)
class Agreement:
    """One proxy beside its published counterpart.

    Attributes:
        spec, column, known: as in `Counterpart`.
        n: number of cells with both values.
        rho: Spearman's rho of the two on these, raw values; NaN where undefined.
        differing: number of cells whose values are not equal to the digit; None where rounding is expected.
        failed, published_failed: number of cells without a value of ours, and without one of theirs.
        reason: why ours failed on the first of them; empty when it did not.
    """

    spec: str
    column: str
    known: str
    n: int
    rho: float
    differing: int | None
    failed: int
    published_failed: int
    reason: str

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            **vars(self),
            "rho": None if math.isnan(self.rho) else self.rho,
            "reason": self.reason or None,
        }


def agree(
    published: PublishedScores,
    positions: NDArray[np.int64],
    scored: Scored,
    chosen: Sequence[Counterpart] = COUNTERPARTS,
) -> tuple[Agreement, ...]:
    """Our scores of the cells at these positions, shape `(k,)`, against the published ones."""
    architectures = [published.architectures[i] for i in positions]
    ours = scored.columns(architectures)
    found = []
    for counterpart in chosen:
        mine = ours[counterpart.spec]
        theirs = published.columns[counterpart.column][positions]
        here, there = np.isfinite(mine), np.isfinite(theirs)
        both = here & there
        differing = None
        if counterpart.unit:
            differing = int((np.rint(theirs[both] * counterpart.unit) != mine[both]).sum())
        found.append(
            Agreement(
                counterpart.spec,
                counterpart.column,
                counterpart.known,
                int(both.sum()),
                spearman(mine[both], theirs[both]),
                differing,
                int((~here).sum()),
                int((~there).sum()),
                scored.first_reason(proxy_of(counterpart), architectures),
            )
        )
    return tuple(found)
