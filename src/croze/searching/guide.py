"""A proxy as a guide: cheap scores that decide which candidates of a search are scored at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from croze.proxies import Criterion, merits, parts_of
from croze.scoring.ledger import Ledger
from croze.searching.history import SearchHistory
from croze.searching.limits import Limits
from croze.searching.strategies import Guide
from croze.spaces import Space


def guide_by(
    criterion: Criterion,
    space: Space[Any],
    ledger: Ledger,
    limits: Limits,
    history: SearchHistory,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Guide[Any]:
    """A guide for a strategy: what the criterion says of architectures, turned so that higher is better.

    An architecture that breaks a limit, and one that has no score, has no merit. An aggregate ranks all that
    the guide has been asked about so far. `history` counts what was asked and the device-seconds; `watch` is
    called after every score with the number done and wanted of one call.
    """
    parts = parts_of([criterion])
    columns: dict[str, list[float]] = {part.spec: [] for part in parts}
    place: dict[str, int] = {}

    def guide(architectures: Sequence[Any]) -> list[float | None]:
        names = [str(space.canonical(architecture)) for architecture in architectures]
        fresh = [name for name in dict.fromkeys(names) if name not in place]
        admissible = [n for n in fresh if not limits.broken_by(space.parse(n), ledger)]
        scored = {}
        for done, (name, scores) in enumerate(ledger.scores(admissible, parts), start=1):
            scored[name] = scores
            history.guide_seconds |= {(name, score.proxy): score.seconds for score in scores}
            watch(done, len(admissible))
        history.guided += len(admissible)
        history.rejected += len(fresh) - len(admissible)
        for name in fresh:  # in the order of asking, whatever arrived first
            place[name] = len(place)
            for i, part in enumerate(parts):
                value = scored[name][i].value if name in scored else None
                columns[part.spec].append(math.nan if value is None else value)
        found = merits([criterion], {spec: np.array(column) for spec, column in columns.items()})
        values = found[criterion.spec]
        return [None if math.isnan(values[place[n]]) else float(values[place[n]]) for n in names]

    return guide
