"""Raw scores of many architectures by many proxies, what they rest on, and what a score costs alone."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.nn.seeding import single_thread
from croze.proxies import Criterion, Proxy, parts_of
from croze.scoring.evaluator import Evaluator
from croze.scoring.ledger import Ledger
from croze.scoring.store import Store

Floats = NDArray[np.float64]

DIGITS = 12
"""Hex digits of a hash that pages show."""

Watch = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, of how much."""


def basis_lines(provenance: Mapping[str, Any], sha256: Mapping[str, str]) -> list[str]:
    """The versions of packages and the files of the ground truth, as pages list them."""
    versions = ", ".join(f"{name} {version}" for name, version in provenance["versions"].items())
    files = ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in sha256.items())
    return [versions, f"files (SHA-256): {files}"]


def finite_or_none(values: Iterable[float]) -> list[float | None]:
    """Numbers as JSON has them, None for NaN and for infinities."""
    return [value if math.isfinite(value) else None for value in values]


def unwatched(what: str, done: int, total: int) -> None:
    """Nobody is told."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of n architectures.

    Attributes:
        architectures: the n strings, without repeats.
        values: by proxy, shape `(n,)`, NaN where the score failed.
        reasons: by proxy, why it failed, by architecture.
        seconds: by proxy, of all its scores; a pass that proxies share counts for the first of them.
    """

    architectures: tuple[str, ...]
    values: Mapping[str, Floats]
    reasons: Mapping[str, Mapping[str, str]]
    seconds: Mapping[str, float] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Scoring:
    """On what cells were scored.

    Attributes:
        data: spec of the data set.
        sampling: how the batch was drawn.
        images: number of images in it.
        batch: its digest.
        cells: number of cells that were drawn.
    """

    data: str
    sampling: str
    images: int
    batch: str
    cells: int

    def __str__(self) -> str:
        return f"{self.images} images of {self.data}, drawn {self.sampling} (batch {self.batch[:DIGITS]})"


def collect(
    ledger: Ledger,
    architectures: Sequence[str],
    proxies: Sequence[Proxy],
    watch: Callable[[int], None] = lambda done: None,
) -> Scored:
    """The scores of these architectures by these proxies: those that the ledger has, the others computed.

    `watch` is called after every architecture with the number of those done.

    Raises:
        CrozeError: no architecture, or one that is there twice.
    """
    if not architectures or len(set(architectures)) != len(architectures):
        raise CrozeError(
            f"Scoring needs architectures, each once, got {len(architectures)} of which "
            f"{len(set(architectures))} differ."
        )
    place = {architecture: i for i, architecture in enumerate(architectures)}
    values = {proxy.spec: np.full(len(architectures), math.nan) for proxy in proxies}
    reasons: dict[str, dict[str, str]] = {proxy.spec: {} for proxy in proxies}
    seconds = dict.fromkeys(values, 0.0)
    for done, (architecture, found) in enumerate(ledger.scores(architectures, proxies), start=1):
        for score in found:
            seconds[score.proxy] += score.seconds
            if score.value is None:
                reasons[score.proxy][architecture] = score.reason
            else:
                values[score.proxy][place[architecture]] = score.value
        watch(done)
    return Scored(tuple(architectures), values, reasons, seconds)


def score_cells(
    evaluator: Evaluator,
    folder: str | Path,
    architectures: Sequence[str],
    proxies: Sequence[Proxy],
    *,
    workers: int = 1,
    devices: Sequence[str] = (),
    watch: Watch = unwatched,
) -> Scored:
    """The scores of these architectures, kept in a folder: the same call continues after an interruption.

    Args:
        evaluator: builds and scores.
        folder: of the store.
        architectures: strings of its space, each once.
        proxies: each once.
        workers: processes; 0 for one a core.
        devices: that workers take in turn; none for the CPU.
        watch: told how many architectures are done.

    Raises:
        CrozeError: as `collect`, or when the folder cannot be written.
    """
    what, total = f"{len(proxies)} proxies", len(architectures)
    with (
        Store(folder, evaluator.context) as store,
        Ledger(evaluator, store, workers, devices=devices) as ledger,
    ):
        return collect(ledger, architectures, proxies, lambda done: watch(what, done, total))


def time_alone(
    evaluator: Evaluator,
    architectures: Sequence[str],
    criteria: Sequence[Criterion],
    watch: Watch = unwatched,
) -> dict[str, float]:
    """Median time over the architectures that one criterion takes alone, by spec, in milliseconds.

    Each is scored by itself, in this process, on one torch thread, its network built for it, so no pass is
    shared with other criteria (the parts of an aggregate share theirs). Architectures on which it fails do
    not count; NaN where it fails on all. Nothing is stored.

    `watch` is told how many scores are timed.
    """
    spent: dict[str, list[float]] = {criterion.spec: [] for criterion in criteria}
    done, total = 0, len(architectures) * len(criteria)
    with single_thread():
        for architecture in architectures:
            for criterion in criteria:
                parts = tuple(parts_of([criterion]))
                start = time.perf_counter()
                scores = evaluator((architecture, parts))
                seconds = time.perf_counter() - start
                if all(score.ok for score in scores):
                    spent[criterion.spec].append(1000 * seconds)
                done += 1
                watch("each proxy alone", done, total)
    return {spec: statistics.median(times) if times else math.nan for spec, times in spent.items()}
