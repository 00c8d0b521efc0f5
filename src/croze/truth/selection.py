"""Which architectures of a truth are compared: a draw, the sets it is judged on, those that truths share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.truth.classes import HALVES, halves, one_of_each
from croze.truth.truth import Truth

CELLS = ("all", "distinct")


def select(
    truth: Truth, sample: int | None = None, seed: int = 0, cells: str = "all", half: str = "both"
) -> NDArray[np.int64]:
    """Positions of the chosen architectures.

    Args:
        truth: where they come from.
        sample: how many to draw without replacement; None takes every one.
        seed: the seed of the draw.
        cells: `all` strings, or the `distinct` ones: the representative of each isomorphism class.
        half: `choose`, `report` or `both`.

    Returns:
        Without a sample ascending positions; with one, in the order of the draw: by the SHA-256 of seed and
        string. So a draw depends on the strings alone: the same seed picks the same cells from every
        benchmark of a space, a larger sample begins with the smaller one, and scores serve again.

    Raises:
        CrozeError: an unknown name, or a sample that is not between 1 and what there is.
    """
    if cells not in CELLS:
        raise CrozeError(f"Cells are {' or '.join(CELLS)}, got {cells!r}.")
    if half != "both" and half not in HALVES:
        raise CrozeError(f"A half is {', '.join(HALVES)} or both, got {half!r}.")
    pool = truth.distinct if cells == "distinct" else np.arange(len(truth), dtype=np.int64)
    if half != "both":
        pool = pool[halves(truth)[pool] == HALVES[half]]
    if sample is None:
        return pool.copy()
    if not 1 <= sample <= len(pool):
        raise CrozeError(
            f"A sample of {sample} cannot be drawn: {truth.name} has {len(pool)} architectures "
            f"with cells={cells} and half={half}."
        )
    return np.array(
        sorted(pool, key=lambda i: place_of(seed, truth.architectures[i]))[:sample], dtype=np.int64
    )


def sets_of(
    truth: Truth, positions: NDArray[np.int64], cells: str, half: str
) -> dict[str, NDArray[np.int64]]:
    """The sets of chosen cells that a ranking is judged on: as chosen, one a class, and each half of these.

    Args:
        truth: where the cells come from.
        positions: of the chosen cells, from `select`.
        cells, half: what they were chosen by.

    Returns:
        Places in `positions` by the name of the set; those that repeat another are left out.
    """
    every = np.arange(len(positions), dtype=np.int64)
    only = "" if half == "both" else f", {half} half"
    found = {f"{'all' if cells == 'all' else 'distinct'} cells{only}": every}
    single = one_of_each(truth, positions)
    if len(single) < len(every):
        found[f"distinct cells{only}"] = single
    if half == "both":
        of_cell = halves(truth)[positions[single]]
        for name, side in HALVES.items():
            found[f"distinct cells, {name} half"] = single[of_cell == side]
    return found


def place_of(seed: int, architecture: str) -> bytes:
    """Where a draw puts an architecture: draws are in ascending order of this digest."""
    return hashlib.sha256(f"{seed} {architecture}".encode()).digest()


def shared_cells(
    truths: Sequence[Truth], sample: int | None = None, seed: int = 0, half: str = "both"
) -> tuple[tuple[str, ...], list[dict[str, NDArray[np.float64]]]]:
    """Distinct architectures that all truths know by the same string, drawn as `select` draws.

    Args:
        truths: at least one.
        sample, seed, half: as of `select`.

    Returns:
        The n architectures in the order of the draw; of each truth its columns by name, `(n,)` in [0, 1].

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
    return tuple(names), columns
