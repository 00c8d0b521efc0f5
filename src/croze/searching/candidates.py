"""The course of a search on file: every candidate in the order of asking, for `croze report` and others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from croze.files import to_json, write_text
from croze.provenance import provenance
from croze.proxies.size import Flops, Params
from croze.scoring.ledger import Ledger
from croze.searching.history import Progress

FILE = "candidates.json"
VERSION = 1
EVERY = 15.0
"""Least seconds between two writings while a search runs."""

SHARE = 0.02
"""Largest share of the time that writing may take; a long course is written more rarely."""

Sizes = Mapping[str, tuple[int | None, int | None]]
"""Trainable parameters and multiply-adds by architecture; None where the network does not say."""


def sizes_of(progress: Progress, ledger: Ledger) -> dict[str, tuple[int | None, int | None]]:
    """Parameters and multiply-adds of all candidates that have their scores, as far as the store has them."""
    found = {}
    for candidate in progress.candidates:
        if not candidate.reason:
            name = str(candidate.architecture)
            known = [ledger.known(name, size) for size in (Params(), Flops())]
            params, flops = (None if s is None or s.value is None else int(s.value) for s in known)
            found[name] = params, flops
    return found


def course_json(
    progress: Progress, settings: Mapping[str, Any], sizes: Sizes, *, finished: bool
) -> dict[str, Any]:
    """JSON-ready. Scores by an aggregate are places among all candidates that are in it."""
    rows = []
    for candidate in progress.candidates:
        name = str(candidate.architecture)
        params, flops = sizes.get(name, (None, None))
        row: dict[str, Any] = {"architecture": name}
        if candidate.reason:
            row["reason"] = candidate.reason
        else:
            row |= {"scores": [score.value for score in candidate.scores], "params": params, "flops": flops}
        rows.append(row)
    return {
        "version": VERSION,
        "finished": finished,
        "objectives": [{"objective": o.spec, "maximise": o.maximise} for o in progress.objectives],
        "candidates": rows,
        "rejected_by_limits": progress.rejected,
        "guided": progress.guided,
        "device_seconds": progress.seconds(),
        "settings": dict(settings),
        "provenance": provenance(),
    }


class CourseFile:
    """Writes the course into the folder of a search, now and then while it runs and once when it has ended.

    Args:
        folder: of the search.
        settings: as in its `best.json`.
        every: seconds between two writings.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], every: float = EVERY) -> None:
        self._path = folder / FILE
        self._settings = settings
        self._every = every
        self._told = 0
        self._last, self._took = time.monotonic(), 0.0

    def update(self, progress: Progress) -> None:
        """Write when there are new candidates and the last time is long enough ago."""
        wait = max(self._every, self._took / SHARE)
        if len(progress) > self._told and time.monotonic() - self._last >= wait:
            self._write(progress, {}, finished=False)

    def finish(self, progress: Progress, sizes: Sizes) -> None:
        """Write what the search came to."""
        self._write(progress, sizes, finished=True)

    def _write(self, progress: Progress, sizes: Sizes, *, finished: bool) -> None:
        start = time.monotonic()
        write_text(self._path, to_json(course_json(progress, self._settings, sizes, finished=finished)))
        self._told, self._last = len(progress), time.monotonic()
        self._took = self._last - start
