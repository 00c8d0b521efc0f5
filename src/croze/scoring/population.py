"""Reference populations made: distinct architectures of a space drawn from a seed, and their scores."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croze.errors import CrozeError
from croze.proxies import Criterion, parts_of
from croze.proxies.reference import Reference
from croze.scoring.ledger import Ledger
from croze.spaces import Space

TRIES = 1000
"""Draws in a row that may be known already before the space counts as exhausted."""


def draw(space: Space[Any], networks: int, seed: int) -> list[str]:
    """So many distinct architectures, isomorphic ones counting as one; a longer draw begins as a shorter.

    Raises:
        CrozeError: when the space does not seem to have as many.
    """
    rng = random.Random(seed)
    found: dict[str, None] = {}
    misses = 0
    while len(found) < networks:
        text = str(space.canonical(space.sample(rng)))
        misses = misses + 1 if text in found else 0
        found[text] = None
        if misses > TRIES:
            raise CrozeError(
                f"{space.name} gave {len(found)} distinct architectures and no other in {TRIES:,} draws; "
                f"ask for fewer than {networks}."
            )
    return list(found)


def make_reference(
    name: str,
    ledger: Ledger,
    criteria: Sequence[Criterion],
    networks: int,
    seed: int,
    watch: Callable[[int], None] = lambda done: None,
) -> Reference:
    """Draw and score a population.

    Args:
        name: what to call it.
        ledger: scores the networks, or finds their scores.
        criteria: what to score by; of an aggregate its parts.
        networks: how many, at least 2.
        seed: of the draw.
        watch: called after every network with the number of networks done.

    Raises:
        CrozeError: for too few networks, or no proxy.
    """
    if networks < 2 or not criteria:
        raise CrozeError(
            f"A reference population needs at least 2 networks and a proxy, got {networks} networks "
            f"and {len(criteria)} proxies."
        )
    evaluator = ledger.evaluator
    proxies = parts_of(criteria)
    architectures = draw(evaluator.space, networks, seed)
    place = {architecture: i for i, architecture in enumerate(architectures)}
    columns = {proxy.spec: np.full(networks, math.nan) for proxy in proxies}
    for done, (architecture, scores) in enumerate(ledger.scores(architectures, proxies), start=1):
        for score in scores:
            if score.value is not None:
                columns[score.proxy][place[architecture]] = score.value
        watch(done)
    batch = evaluator.batch
    settings = {"networks": networks, "draw_seed": seed, **evaluator.context}
    shape = tuple(batch.images.shape[1:])
    return Reference(name, settings, batch.source, len(batch), shape, batch.classes, columns)
