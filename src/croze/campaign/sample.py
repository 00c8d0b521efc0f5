"""Which architectures of a space are in a pool."""

from __future__ import annotations

import random
from typing import Any

from croze.errors import CrozeError
from croze.spaces import Space

TRIES = 1000
"""Draws in a row that may be known already before a space counts as exhausted."""


def sample_distinct(space: Space[Any], count: int, seed: int) -> tuple[str, ...]:
    """Random architectures, no two of them isomorphic; a larger sample begins with the smaller one.

    Raises:
        CrozeError: when the space has not so many.
    """
    rng = random.Random(seed)
    found: dict[str, None] = {}
    misses = 0
    while len(found) < count:
        before = len(found)
        found[str(space.canonical(space.sample(rng)))] = None
        misses = misses + 1 if len(found) == before else 0
        if misses >= TRIES:
            raise CrozeError(
                f"{space.name} gave {len(found):,} distinct architectures and then none in {TRIES:,} draws: "
                f"ask for fewer than {count:,}."
            )
    return tuple(found)
