"""What this project set out to reach with its aggregate, beside what it reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from croze.ranking.columns import CLEAN
from croze.ranking.standing import Half
from croze.truth.columns import MEAN_CORRUPTION

CRITERION = "croze-robust"
"""The aggregate that the targets were set for, on the report half."""


@dataclass(frozen=True)
class Target:
    """A least value of rho, or of the partial rho given live parameters, in one column."""

    column: str
    partial: bool
    least: float


TARGETS = (
    Target(CLEAN, False, 0.90),
    Target("fgsm@8", False, 0.85),
    Target(MEAN_CORRUPTION, False, 0.75),
    Target(CLEAN, True, 0.60),
    Target("fgsm@8", True, 0.50),
)


@dataclass(frozen=True)
class Outcome:
    """A target and the value reached, NaN where there is none."""

    target: Target
    value: float

    @property
    def met(self) -> bool:
        """Whether the value is at least what was aimed at; an undefined one is not."""
        return self.value >= self.target.least

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            **vars(self.target),
            "value": None if math.isnan(self.value) else self.value,
            "met": self.met,
        }


def outcomes(half: Half) -> tuple[Outcome, ...]:
    """The targets with what `croze-robust` reached on this half; none when it is not among the criteria."""
    standing = half.standing(CRITERION)
    if standing is None:
        return ()
    figures = {target: standing.figure(target.column) for target in TARGETS}
    return tuple(Outcome(t, figure.partial if t.partial else figure.rho) for t, figure in figures.items())
