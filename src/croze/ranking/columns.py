"""All that a truth can say of a proxy: clean, every attack and epsilon, every corruption, their mean."""

from __future__ import annotations

from croze.corruptions.names import CORRUPTIONS, SEVERITIES
from croze.errors import CrozeError
from croze.ranking.table import CONVENTIONS, PRINTED, Column, ColumnSet, table2
from croze.truth import csv_table
from croze.truth.columns import MEAN_CORRUPTION, OF_STRING
from croze.truth.nas_bench_301 import SURROGATE
from croze.truth.nas_robbench201 import AUTOATTACK
from croze.truth.nasbench201 import SPACE
from croze.truth.truth import Truth

CLEAN = "clean"

SINGLE = "single"
"""The convention of a table in which corruptions are not put into groups."""

CLEANS = (CLEAN, SURROGATE)

JUDGED = (CLEAN, SURROGATE, "fgsm@8", MEAN_CORRUPTION)
"""The columns that rankings are judged by, where a truth has them."""

STRONGER = ("pgd@8", AUTOATTACK)
"""What joins them where corruptions were not measured."""


def printed_columns(truth: Truth, convention: str = "paper") -> ColumnSet:
    """The columns of Table 2 where the truth fills all that are printed for its data set, else every column.

    Raises:
        CrozeError: as `table2` and `every_column`.
    """
    if truth.space == SPACE and truth.dataset in PRINTED:
        try:
            table = table2(truth, convention)
        except CrozeError:
            if convention not in CONVENTIONS:
                raise
        else:
            if len(table.columns) == len(PRINTED[truth.dataset]):
                return table
    elif convention not in CONVENTIONS:
        raise CrozeError(f"The conventions are {', '.join(CONVENTIONS)}, got {convention!r}.")
    return every_column(truth)


def judged_columns(truth: Truth, wanted: str | None = None) -> list[str]:
    """The columns that statistics beyond rho are taken of.

    Args:
        truth: the ground truth.
        wanted: names, comma-separated; without, those of `JUDGED` that there are, `STRONGER` ones without
            corruptions, or the truth's first three columns where it has none of them.

    Raises:
        CrozeError: for a column that the truth does not have.
    """
    if wanted is not None:
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        for name in names:
            truth.values(name)
        return list(dict.fromkeys(names))
    known = JUDGED if MEAN_CORRUPTION in truth.columns else (*JUDGED, *STRONGER)
    return [name for name in known if name in truth.columns] or list(truth.columns)[:3]


def every_column(truth: Truth) -> ColumnSet:
    """A table with a column for all that the truth measures.

    Returns:
        The columns `clean` or `clean-surrogate`; `fgsm@8` and so on, one an attack and epsilon; one a
        corruption by its name (`fog`), the mean of rho over its five severities; and `corruptions`, rho with
        the mean accuracy over all 15 and their severities. A column whose raw columns the truth lacks is left
        out. Of a table of the user's own (`csv`) every column is there, single severities as their kind.

    Raises:
        CrozeError: no column is left.
    """
    by_kind = {kind: tuple(f"{kind}@{severity}" for severity in SEVERITIES) for kind in CORRUPTIONS}
    there = {kind: group for kind, group in by_kind.items() if all(name in truth.columns for name in group)}
    corrupted = {name for group in by_kind.values() for name in group} | {MEAN_CORRUPTION}
    own = truth.name == csv_table.NAME
    attacks = [
        name
        for name in truth.columns
        if name not in (*CLEANS, *corrupted)
        and not name.endswith(OF_STRING)
        and (own or "@" in name or name == AUTOATTACK)
    ]
    columns = [Column(name, ((name,),)) for name in (*CLEANS, *attacks) if name in truth.columns]
    columns += [Column(kind, (group,)) for kind, group in there.items()]
    if MEAN_CORRUPTION in truth.columns:
        columns.append(Column(MEAN_CORRUPTION, ((MEAN_CORRUPTION,),)))
    if not columns:
        raise CrozeError(
            f"{truth.name} has no column to compare proxies with for {truth.dataset}: expected clean, an "
            f"attack or a corruption, got {', '.join(truth.columns) or 'none'}."
        )
    return ColumnSet(SINGLE, tuple(columns))
