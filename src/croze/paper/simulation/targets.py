"""What a replayed search is after: an accuracy of the truth, and the value that counts as found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.truth import Truth

CLEAN = "clean"


@dataclass(frozen=True, eq=False)
class Target:
    """One accuracy and its goal.

    Attributes:
        column: what it is called in its truth, such as `clean` or `fgsm@8`.
        values: by position of the architecture, shape `(n,)`, in [0, 1]; members of a class share theirs.
        goal: the accuracy that counts as found, in (0, 1].
        source: name of the truth that it was read from.
    """

    column: str
    values: NDArray[np.float64]
    goal: float
    source: str

    @property
    def name(self) -> str:
        """For people: `fgsm@8` is FGSM-8."""
        attack, at, epsilon = self.column.partition("@")
        return f"{attack.upper()}-{epsilon}" if at else self.column

    def above(self, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these cells reach the goal."""
        return self.values[cells] >= self.goal

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, without the values."""
        return {"column": self.column, "goal": self.goal, "source": self.source}


def parse_goals(text: str) -> dict[str, float]:
    """The goals of a list such as `clean=93.5,fgsm-8=46`, by column of the truth, in [0, 1].

    `fgsm-8` and `fgsm@8` name the same column.

    Raises:
        CrozeError: for a list that is not of this form, a goal outside (0, 100], or one that is set twice.
    """
    goals: dict[str, float] = {}
    for item in text.split(","):
        name, _, number = (part.strip() for part in item.partition("="))
        attack, dash, epsilon = name.lower().rpartition("-")
        column = f"{attack}@{epsilon}" if dash and _is_number(epsilon) else name.lower()
        try:
            percent = float(number)
        except ValueError:
            percent = math.nan
        if not column or not 0 < percent <= 100:
            raise CrozeError(
                f"Targets are NAME=PERCENT with commas between, such as clean=93.5,fgsm-8=46; got {item!r}."
            )
        if column in goals:
            raise CrozeError(f"The target {name} is set twice; set each one once.")
        goals[column] = percent / 100
    return goals


def targets_of(truth: Truth, goals: Mapping[str, float], clean: Truth | None = None) -> list[Target]:
    """The targets of these goals, in order.

    Args:
        truth: has the columns.
        goals: from `parse_goals`.
        clean: another truth of the same space, whose `clean` stands in for this one's.

    Raises:
        CrozeError: a column that the truth lacks, or an architecture that `clean` does not know.
    """
    found = []
    for column, goal in goals.items():
        source = clean if clean is not None and column == CLEAN else truth
        values = source.values(column)
        if source is not truth:
            values = values[[source.lookup(architecture) for architecture in truth.architectures]]
        # one value a class, whatever the column says of its strings
        found.append(Target(column, values[truth.representative], goal, source.name))
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
