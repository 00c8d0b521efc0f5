"""What commands on pools share: scores of the members, and the images to look at them on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from croze.cli.progress import Bar
from croze.data import Dataset, load_batch, open_dataset
from croze.data.cached import cached
from croze.data.sampling import spread
from croze.data.splits import in_split
from croze.errors import CrozeError
from croze.pool import Design, Pool
from croze.pool.images import held_out
from croze.proxies import Criterion, merits, parts_of
from croze.ranking.scored import collect
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store
from croze.spaces import Space, open_space
from croze.training.folder import identity

Merits = dict[str, NDArray[np.float64]]


def merits_of(
    space: Space[Any],
    architectures: Sequence[str],
    criteria: Sequence[Criterion],
    *,
    data: str,
    batch_size: int,
    seed: int,
    workers: int,
    folder: str,
    terminal: Console,
) -> Merits:
    """What each proxy says of these architectures: higher is better, NaN where it failed.

    Scores are kept in the folder; the first reason of a failure is printed.
    """
    batch = load_batch(data, size=batch_size, seed=seed)
    evaluator = Evaluator(space, batch, seed)
    parts = parts_of(criteria)
    with (
        Store(folder, evaluator.context) as store,
        Ledger(evaluator, store, workers) as ledger,
        Bar(terminal, f"{len(parts)} proxies", len(architectures)) as bar,
    ):
        scored = collect(ledger, architectures, parts, bar.update)
    for criterion in criteria:
        reason = scored.first_reason(criterion, architectures)
        if reason:
            terminal.print(f"{criterion.spec} failed on some cells, the first because: {reason}")
    return merits(criteria, scored.values)


def merits_of_pool(
    pool: Pool,
    criteria: Sequence[Criterion],
    data: str | None,
    batch_size: int,
    seed: int,
    workers: int,
    terminal: Console,
) -> Merits:
    """The same of a pool's members, at the size they were trained at and on the images of their training."""
    design = pool.design
    return merits_of(
        open_space(design.space, **dict(design.settings)),
        [member.architecture for member in pool.members],
        criteria,
        data=data or design.data,
        batch_size=batch_size,
        seed=seed,
        workers=workers,
        folder=str(pool.folder / "scores"),
        terminal=terminal,
    )


def settings_of(designs: Sequence[Design], **given: Any) -> dict[str, Any]:
    """Settings of the space that members of these pools are scored with: those they were trained with.

    Args:
        given: by the user, instead; None where nothing is.

    Raises:
        CrozeError: when the pools are of other settings than each other.
    """
    if len({(design.space, design.settings) for design in designs}) > 1:
        both = " and ".join(f"{d.space} {dict(d.settings)}" for d in designs)
        raise CrozeError(f"The pools are of different networks, {both}: name two of one.")
    own = dict(designs[0].settings) if designs else {}
    return own | {name: value for name, value in given.items() if value is not None}


def test_images(pool: Pool, test_data: str | None, count: int) -> Dataset:
    """The first of the images that the pool's members were tested on, or of others.

    Raises:
        CrozeError: when they cannot be found, or are not the same any more.
    """
    design = pool.design
    if test_data is not None:
        tests = open_dataset(in_split(test_data))
        return cached(tests, spread(tests, min(count, len(tests)), design.seed))
    if design.test_data:
        tests = open_dataset(in_split(design.test_data))
    else:
        tests = held_out(open_dataset(design.data), design.seed)
    total = pool.members[0].result.images["clean"]
    whole = cached(tests, spread(tests, min(total, len(tests)), design.seed))
    if identity(whole) != design.tested:
        raise CrozeError(
            f"{design.test_data or design.data} is not what the pool in {pool.folder} was tested on: name "
            "images with --test-data."
        )
    return cached(whole, np.arange(min(count, len(whole))))
