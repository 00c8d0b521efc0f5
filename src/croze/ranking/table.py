"""The columns of the paper's Table 2: which raw columns stand behind each, and how their rhos are averaged.

A corruption's figure is the mean of rho over its five severities, a group's the mean over its corruptions.
The paper's groups are not the ones that CIFAR-10-C is usually reported with, so both are here by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.names import GROUPS, RELEASED_GROUPS, SEVERITIES
from croze.errors import CrozeError
from croze.truth.truth import Truth

CONVENTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "paper": {group.lower(): members for group, members in RELEASED_GROUPS.items()},
    "usual": {group.lower(): members for group, members in GROUPS.items()},
}
"""Corruption groups: those of the paper's tables, and those of Hendrycks and Dietterich (2019)."""

PRINTED: Mapping[str, tuple[str, ...]] = {
    "cifar10": ("clean", "fgsm8", "fgsm4", "weather", "noise", "blur", "digital"),
    "cifar100": ("clean", "fgsm4", "weather", "noise", "blur", "digital"),
    "imagenet16-120": ("clean", "fgsm4"),
}
"""The columns that the paper prints for each data set, in its order, without the average."""


@dataclass(frozen=True)
class Column:
    """A column of the table: its figure is the mean over groups of the mean over members of rho.

    Attributes:
        name: `clean`, `fgsm8`, `fgsm4`, `weather`, `noise`, `blur` or `digital`.
        groups: raw column names of the truth; one group per corruption, its members the severities.
    """

    name: str
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ColumnSet:
    """The columns of one data set under one convention, and the way from raw rhos to figures."""

    convention: str
    columns: tuple[Column, ...]

    @cached_property
    def raw(self) -> tuple[str, ...]:
        """Every raw column that some column needs, once, in order."""
        return tuple(dict.fromkeys(n for column in self.columns for group in column.groups for n in group))

    def figures(self, rho: NDArray[np.float64]) -> NDArray[np.float64]:
        """Figures of the columns from correlations with the raw columns, shape `(..., m)` to `(..., c)`.

        The last axis of `rho` follows `raw`, that of the result follows `columns`. A figure is NaN where one
        of its members is; the table's average ("Avg.") is the mean of the result along its last axis.
        """
        place = {name: i for i, name in enumerate(self.raw)}
        figures = np.empty((*rho.shape[:-1], len(self.columns)))
        for c, column in enumerate(self.columns):
            members = [rho[..., [place[name] for name in group]].mean(axis=-1) for group in column.groups]
            figures[..., c] = np.mean(members, axis=0)
        return figures


def table2(truth: Truth, convention: str = "paper") -> ColumnSet:
    """The columns of Table 2 that a truth can fill.

    Args:
        truth: the ground truth of one data set.
        convention: `paper` (the released code's groups, which reproduce its tables) or `usual`.

    Returns:
        The printed columns of the data set, without those for which the truth lacks a raw column.

    Raises:
        CrozeError: an unknown convention, a data set that the table does not have, or no column to fill.
    """
    if convention not in CONVENTIONS:
        raise CrozeError(f"The conventions are {', '.join(CONVENTIONS)}, got {convention!r}.")
    if truth.dataset not in PRINTED:
        raise CrozeError(f"Table 2 has the data sets {', '.join(PRINTED)}, got {truth.dataset!r}.")
    groups: dict[str, tuple[tuple[str, ...], ...]] = {
        "clean": (("clean",),),
        "fgsm8": (("fgsm@8",),),
        "fgsm4": (("fgsm@4",),),
    }
    for name, corruptions in CONVENTIONS[convention].items():
        groups[name] = tuple(tuple(f"{kind}@{s}" for s in SEVERITIES) for kind in corruptions)
    wanted = (Column(name, groups[name]) for name in PRINTED[truth.dataset])
    columns = tuple(c for c in wanted if all(n in truth.columns for group in c.groups for n in group))
    if not columns:
        raise CrozeError(
            f"{truth.name} fills no column of Table 2 for {truth.dataset}: expected the files of one of "
            f"{', '.join(PRINTED[truth.dataset])}, got the raw columns {', '.join(truth.columns) or 'none'}."
        )
    return ColumnSet(convention, columns)
