"""Architectures that several truths know, with the columns of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.truth.selection import place_of, select
from croze.truth.truth import Truth


@dataclass(frozen=True, eq=False)
class SharedCells:
    """n architectures, no two of them isomorphic.

    Attributes:
        architectures: in the order of the draw.
        columns: of each truth by name, shape `(n,)`, in [0, 1].
    """

    architectures: tuple[str, ...]
    columns: tuple[Mapping[str, NDArray[np.float64]], ...]


def shared_cells(
    truths: Sequence[Truth], sample: int | None = None, seed: int = 0, half: str = "both"
) -> SharedCells:
    """Distinct architectures that all truths know by the same string, drawn as `select` draws.

    Args:
        truths: at least one.
        sample, seed, half: as of `select`.

    Raises:
        CrozeError: when the truths are of different spaces, do not share so many, or the half is unknown.
    """
    spaces = {truth.space for truth in truths}
    if len(spaces) > 1:
        raise CrozeError(
            f"The truths are of different spaces, {' and '.join(sorted(spaces))}: name two of one."
        )
    first, *others = truths
    known = [set(truth.architectures) for truth in others]
    names = [first.architectures[i] for i in select(first, cells="distinct", half=half)]
    names = sorted(
        (name for name in names if all(name in one for one in known)), key=lambda name: place_of(seed, name)
    )
    wanted = sample or 1
    if wanted > len(names):
        both = " and ".join(truth.name for truth in truths)
        raise CrozeError(f"{both} share {len(names)} distinct architectures, asked for {wanted}.")
    names = names[:sample]
    columns = []
    for truth in truths:
        rows = [truth.lookup(name) for name in names]
        columns.append({column: values[rows] for column, values in truth.columns.items()})
    return SharedCells(tuple(names), tuple(columns))
