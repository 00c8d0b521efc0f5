"""How proxies agree with the scores that others published for the same cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.proxies import Criterion, Proxy, parse_proxy, parts_of
from croze.ranking.scored import Scored
from croze.stats import spearman
from croze.truth import PublishedScores


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
    """Our scores of these cells against the published ones.

    Args:
        published: with the columns of the counterparts.
        positions: of the cells in it, shape `(k,)`, from `draw`.
        scored: the scores of at least these cells by the counterparts' proxies.
        chosen: the counterparts to compare.
    """
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
