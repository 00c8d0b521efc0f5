"""The columns that rankings are judged by: which raw columns of a truth stand behind each.

A corruption's value is the mean of a statistic over its five severities, a group's the mean over its
corruptions. The CRoZe paper's groups are not the ones that CIFAR-10-C is usually reported with, so both are
here by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.names import CORRUPTIONS, GROUPS, RELEASED_GROUPS, SEVERITIES
from croze.errors import CrozeError
from croze.truth.columns import CLEAN, MEAN_CORRUPTION, Kind
from croze.truth.nasbench201 import SPACE
from croze.truth.truth import Truth

CONVENTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "paper": {group.lower(): members for group, members in RELEASED_GROUPS.items()},
    "usual": {group.lower(): members for group, members in GROUPS.items()},
}
"""Corruption groups: those of the paper's tables, and those of Hendrycks and Dietterich (2019)."""

SINGLE = "single"
"""The convention of columns in which corruptions are not put into groups."""

PRINTED: Mapping[str, tuple[str, ...]] = {
    "cifar10": ("clean", "fgsm8", "fgsm4", "weather", "noise", "blur", "digital"),
    "cifar100": ("clean", "fgsm4", "weather", "noise", "blur", "digital"),
    "imagenet16-120": ("clean", "fgsm4"),
}
"""The columns that the paper's Table 2 has for each data set, in its order, without the average."""

MEAN = "mean"
"""The column of the mean over all others."""


@dataclass(frozen=True)
class Column:
    """A column: its value is the mean over groups of the mean over members of a statistic.

    Attributes:
        name: `clean`, `fgsm8`, `weather`, ...
        groups: raw column names of the truth; one group per corruption, its members the severities.
        kind: of what it holds, as a column of a truth.
    """

    name: str
    groups: tuple[tuple[str, ...], ...]
    kind: Kind = "other"


@dataclass(frozen=True)
class ColumnSet:
    """Columns under one convention, and the way from statistics of raw columns to theirs.

    Attributes:
        convention: of the corruption groups; `SINGLE` without groups.
        columns: in order.
        averaged: whether the mean over all of them stands behind, as the column `MEAN`.
    """

    convention: str
    columns: tuple[Column, ...]
    averaged: bool = True

    @cached_property
    def raw(self) -> tuple[str, ...]:
        """Every raw column that some column needs, once, in order."""
        return tuple(dict.fromkeys(n for column in self.columns for group in column.groups for n in group))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, without the mean."""
        return tuple(column.name for column in self.columns)

    def combined(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of the columns, the mean behind where there is one, from those of the raw columns.

        Args:
            values: shape `(..., m)`, the last axis as `raw`.

        Returns:
            Shape `(..., c)` or `(..., c + 1)`; NaN where one of the members is.
        """
        place = {name: i for i, name in enumerate(self.raw)}
        found = np.empty((*values.shape[:-1], len(self.columns)))
        for c, column in enumerate(self.columns):
            members = [values[..., [place[name] for name in group]].mean(axis=-1) for group in column.groups]
            found[..., c] = np.mean(members, axis=0)
        if not self.averaged:
            return found
        return np.concatenate([found, found.mean(axis=-1, keepdims=True)], axis=-1)


def table2(truth: Truth, convention: str = "paper") -> ColumnSet:
    """The columns of the paper's Table 2 that a truth can fill.

    Args:
        truth: the ground truth of one data set.
        convention: `paper` (the released code's groups, which reproduce its tables) or `usual`.

    Returns:
        The printed columns of the data set, without those for which the truth lacks a raw column.

    Raises:
        CrozeError: an unknown convention, a data set that the table does not have, or no column to fill.
    """
    _check(convention)
    if truth.dataset not in PRINTED:
        raise CrozeError(f"Table 2 has the data sets {', '.join(PRINTED)}, got {truth.dataset!r}.")
    known = {
        "clean": Column("clean", ((CLEAN,),), "clean"),
        "fgsm8": Column("fgsm8", (("fgsm@8",),), "attack"),
        "fgsm4": Column("fgsm4", (("fgsm@4",),), "attack"),
    }
    for name, corruptions in CONVENTIONS[convention].items():
        known[name] = Column(name, tuple(_severities(kind) for kind in corruptions), "corruption")
    wanted = (known[name] for name in PRINTED[truth.dataset])
    columns = tuple(c for c in wanted if all(n in truth.columns for group in c.groups for n in group))
    if not columns:
        raise CrozeError(
            f"{truth.name} fills no column of Table 2 for {truth.dataset}: expected the files of one of "
            f"{', '.join(PRINTED[truth.dataset])}, got the raw columns {', '.join(truth.columns) or 'none'}."
        )
    return ColumnSet(convention, columns)


def every_column(truth: Truth) -> ColumnSet:
    """A column for all that the truth measures, one value for each isomorphism class.

    Returns:
        Clean accuracy; one column an attack and epsilon, and one a value of another kind; one a corruption by
        its name (`fog`), the mean of a statistic over its five severities, where all of them are there; and
        `corruptions`, from the mean accuracy over all 15 and their severities.

    Raises:
        CrozeError: no column is left.
    """
    known = {name: truth.column(name) for name in truth.columns}
    columns = [
        Column(name, ((name,),), column.kind)
        for kinds in (("clean",), ("attack", "other"))
        for name, column in known.items()
        if column.kind in kinds and not column.of_string
    ]
    columns += [
        Column(kind, (_severities(kind),), "corruption")
        for kind in CORRUPTIONS
        if all(name in truth.columns for name in _severities(kind))
    ]
    if MEAN_CORRUPTION in truth.columns:
        columns.append(Column(MEAN_CORRUPTION, ((MEAN_CORRUPTION,),), "corruption"))
    if not columns:
        raise CrozeError(
            f"{truth.name} has no column to compare proxies with for {truth.dataset}: expected clean, an "
            f"attack or a corruption, got {', '.join(truth.columns) or 'none'}."
        )
    return ColumnSet(SINGLE, tuple(columns))


def printed_columns(truth: Truth, convention: str = "paper") -> ColumnSet:
    """The columns of Table 2 where the truth fills all that are printed for its data set, else every column.

    Raises:
        CrozeError: an unknown convention, and as `every_column`.
    """
    _check(convention)
    if truth.space == SPACE and truth.dataset in PRINTED:
        try:
            columns = table2(truth, convention)
        except CrozeError:
            return every_column(truth)
        if len(columns.columns) == len(PRINTED[truth.dataset]):
            return columns
    return every_column(truth)


def judged_columns(truth: Truth, wanted: str | Sequence[str] | None = None) -> ColumnSet:
    """The raw columns that statistics beyond rho are taken of.

    Args:
        truth: the ground truth.
        wanted: names, as a sequence or comma-separated. Without, clean accuracy, FGSM of 8/255 and the mean
            over corruptions, where there are such; without the latter PGD of 8/255 and AutoAttack as well; or
            the truth's first three columns where it has none of them.

    Raises:
        CrozeError: for a column that the truth does not have.
    """
    if wanted is not None:
        given = wanted.split(",") if isinstance(wanted, str) else wanted
        names = list(dict.fromkeys(name.strip() for name in given if name.strip()))
    else:
        attacks = ("fgsm",) if MEAN_CORRUPTION in truth.columns else ("fgsm", "pgd", "autoattack")
        known = {name: truth.column(name) for name in truth.columns}
        whole = {name: column for name, column in known.items() if not column.of_string}
        names = [name for name, column in whole.items() if column.kind == "clean"]
        for attack in attacks:
            names += [n for n, column in whole.items() if (column.method, column.epsilon) == (attack, 8)]
        names += [name for name in whole if name == MEAN_CORRUPTION]
        names = names or list(truth.columns)[:3]
    columns = tuple(Column(name, ((name,),), truth.column(name).kind) for name in names)
    return ColumnSet(SINGLE, columns, averaged=False)


def _severities(kind: str) -> tuple[str, ...]:
    return tuple(f"{kind}@{severity}" for severity in SEVERITIES)


def _check(convention: str) -> None:
    if convention not in CONVENTIONS:
        raise CrozeError(f"The conventions are {', '.join(CONVENTIONS)}, got {convention!r}.")
