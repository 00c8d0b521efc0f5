"""Raw scores of many architectures by many proxies, asked of a ledger."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.proxies import Criterion, Proxy, parts_of
from croze.scoring.ledger import Ledger

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of n architectures.

    Attributes:
        architectures: the n strings, without repeats.
        values: by proxy, shape `(n,)`, NaN where the score failed.
        reasons: by proxy, why it failed, by architecture.
    """

    architectures: tuple[str, ...]
    values: Mapping[str, Floats]
    reasons: Mapping[str, Mapping[str, str]]

    def columns(self, architectures: Sequence[str]) -> dict[str, Floats]:
        """The scores of these k architectures by proxy, shape `(k,)` each."""
        places = [self._places[architecture] for architecture in architectures]
        return {proxy: values[places] for proxy, values in self.values.items()}

    def first_reason(self, criterion: Criterion, architectures: Sequence[str]) -> str:
        """Why the criterion failed on the first of these on which it did; empty when it did not."""
        parts = parts_of([criterion])
        for architecture in architectures:
            for part in parts:
                reason = self.reasons[part.spec].get(architecture, "")
                if reason:
                    return reason if len(parts) == 1 else f"{part.spec}: {reason}"
        return ""

    @cached_property
    def _places(self) -> dict[str, int]:
        return {architecture: i for i, architecture in enumerate(self.architectures)}


def collect(
    ledger: Ledger,
    architectures: Sequence[str],
    proxies: Sequence[Proxy],
    watch: Callable[[int], None] = lambda done: None,
) -> Scored:
    """The scores of these architectures: stored ones from the ledger, the others as they are computed.

    Args:
        ledger: scores, and keeps what it scored, so that a run that was ended goes on where it was.
        architectures: strings of the ledger's space.
        proxies: each once.
        watch: called after every architecture with the number of those done.

    Raises:
        CrozeError: no architecture, or one that is there twice.
    """
    if not architectures or len(set(architectures)) != len(architectures):
        raise CrozeError(
            f"A survey needs architectures, each once, got {len(architectures)} of which "
            f"{len(set(architectures))} differ."
        )
    place = {architecture: i for i, architecture in enumerate(architectures)}
    values = {proxy.spec: np.full(len(architectures), math.nan) for proxy in proxies}
    reasons: dict[str, dict[str, str]] = {proxy.spec: {} for proxy in proxies}
    for done, (architecture, found) in enumerate(ledger.scores(architectures, proxies), start=1):
        for score in found:
            if score.value is None:
                reasons[score.proxy][architecture] = score.reason
            else:
                values[score.proxy][place[architecture]] = score.value
        watch(done)
    return Scored(tuple(architectures), values, reasons)
