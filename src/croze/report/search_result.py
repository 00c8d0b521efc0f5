"""The result of a search: the best architectures with their sizes, as data and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from croze.evaluation import Evaluator
from croze.nn.count import flop_count, live_parameter_count, parameter_count
from croze.nn.seeding import single_thread
from croze.report.provenance import provenance
from croze.study import Candidate, Progress


@dataclass(frozen=True)
class Ranked:
    """One of the best: its place, its score, what its network costs, and the proxies behind the score."""

    rank: int
    architecture: str
    score: float
    params: int
    live_params: int
    flops: int
    parts: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {**vars(self), "parts": dict(self.parts)}


def best(progress: Progress, evaluator: Evaluator, count: int = 10) -> list[Ranked]:
    """The first `count` of the ranking, measured."""
    with single_thread():
        return [
            _measured(i, candidate, evaluator)
            for i, candidate in enumerate(progress.ranking()[:count], start=1)
        ]


def search_json(found: Progress, top: Sequence[Ranked], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a search found and what it rests on, JSON-ready; `settings` as from `search_settings` and more."""
    return {
        "best": top[0].to_json() if top else None,
        "top": [ranked.to_json() for ranked in top],
        "scored": len(found.candidates),
        "failed": [{"architecture": str(c.architecture), "reason": c.score.reason} for c in found.failures()],
        "rejected_by_limits": found.rejected,
        "ended_early": found.ended or None,
        "device_seconds": found.seconds(),
        "settings": dict(settings),
        "provenance": provenance(),
    }


def best_table(ranked: Sequence[Ranked], title: str) -> Table:
    """For the terminal."""
    table = Table(title=title, title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("cell", overflow="fold")
    for heading in ("score", "params", "live", "MFLOPs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for r in ranked:
        table.add_row(
            str(r.rank),
            r.architecture.replace("+", "+\n") if len(r.architecture) > 60 else r.architecture,
            f"{r.score:.6g}",
            f"{r.params:,}",
            f"{r.live_params:,}",
            f"{r.flops / 1e6:.2f}",
        )
    return table


def _measured(rank: int, candidate: Candidate, evaluator: Evaluator) -> Ranked:
    architecture, batch = candidate.architecture, evaluator.batch
    network = evaluator.space.build(architecture, classes=batch.classes, seed=evaluator.seed)
    value = candidate.score.value
    assert value is not None
    return Ranked(
        rank,
        str(architecture),
        value,
        parameter_count(network),
        live_parameter_count(network, batch.normalised()),
        flop_count(network, batch.images.shape[1:]),
        {part.proxy: part.value for part in candidate.parts if part.value is not None},
    )
