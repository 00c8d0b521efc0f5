"""All that a truth can say of a proxy: clean, every attack and epsilon, every corruption, their mean."""

from __future__ import annotations

from croze.benchmarks import csv_table
from croze.benchmarks.classes import OF_STRING
from croze.benchmarks.nas_bench_301 import SURROGATE
from croze.benchmarks.nas_robbench201 import AUTOATTACK
from croze.benchmarks.robust_nasbench201 import MEAN_CORRUPTION
from croze.benchmarks.table2 import Column, Table
from croze.benchmarks.truth import Truth
from croze.corruption_names import CORRUPTIONS, SEVERITIES
from croze.errors import CrozeError

CLEAN = "clean"

CLEANS = (CLEAN, SURROGATE)


def every_column(truth: Truth) -> Table:
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
    return Table("all corruptions", tuple(columns))
