"""What a column of a truth holds, as data: a reader names its columns and declares what a name does not say.

`clean` is accuracy without perturbation, `fgsm@8` that under an attack of 8/255, `fog@3` that under a
corruption of severity 3, `corruptions` the mean over all corruptions and severities, `autoattack` that under
AutoAttack, which benchmarks run at 8/255. Behind a name,
`-of-string` says that every architecture string has its own value; members of an isomorphism class share all
others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from croze.corruptions.names import CORRUPTIONS, SEVERITIES

Kind = Literal["clean", "attack", "corruption", "other"]

CLEAN = "clean"

MEAN_CORRUPTION = "corruptions"
"""The column of the mean accuracy over all corruptions and severities."""

AUTOATTACK = "autoattack"

OF_STRING = "-of-string"


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        kind: `clean`, `attack`, `corruption`, or `other` where the name says none of them.
        heading: for readers.
        method: the attack or corruption.
        epsilon: size of the attack in 1/255; None where none is named.
        severity: of the corruption, 1 to 5; None for a mean over all.
        of_string: whether members of an isomorphism class have values of their own.
    """

    kind: Kind
    heading: str
    method: str = ""
    epsilon: float | None = None
    severity: int | None = None
    of_string: bool = False


def described(name: str) -> Column:
    """What a name says by itself."""
    base = name.removesuffix(OF_STRING)
    if base != name:
        return replace(described(base), heading=f"{described(base).heading} of the string", of_string=True)
    if name == CLEAN:
        return Column("clean", "clean")
    if name == MEAN_CORRUPTION:
        return Column("corruption", "corruptions")
    if name == AUTOATTACK:
        return Column("attack", "AutoAttack", AUTOATTACK, 8.0)
    method, at, size = name.partition("@")
    if method in CORRUPTIONS and size.isdigit():
        return Column("corruption", f"{method.replace('_', ' ')}, severity {size}", method, None, int(size))
    if at:
        try:
            return Column("attack", f"{method.upper()}-{size}", method, float(size))
        except ValueError:
            pass
    return Column("other", name)


def mean_corruption(columns: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """The column `corruptions`, where all corruptions and severities are among the columns."""
    corrupted = [f"{kind}@{severity}" for kind in CORRUPTIONS for severity in SEVERITIES]
    if not all(name in columns for name in corrupted):
        return {}
    return {MEAN_CORRUPTION: np.mean([columns[name] for name in corrupted], axis=0)}
