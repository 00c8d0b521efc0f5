"""The result of a search: the best architectures with their sizes, as data and as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from croze.nn.count import flop_count, live_parameter_count, parameter_count
from croze.nn.seeding import single_thread
from croze.provenance import provenance
from croze.scoring.evaluator import Evaluator
from croze.searching.history import Candidate, Progress

MOST_IMAGES = 8
"""On which live parameters are counted."""


@dataclass(frozen=True)
class Ranked:
    """One of the best: its place, its scores, what its network costs, and the proxies behind the scores.

    Attributes:
        scores: by every objective, as it is, whatever its direction.
        params, live_params, flops: None where the network does not let itself be measured.
        parts: everything that was computed for them.
    """

    rank: int
    architecture: str
    scores: Mapping[str, float]
    params: int | None
    live_params: int | None
    flops: int | None
    parts: Mapping[str, float]

    @property
    def score(self) -> float:
        """By the first objective."""
        return next(iter(self.scores.values()))

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "rank": self.rank,
            "architecture": self.architecture,
            "score": self.score,
            "scores": dict(self.scores),
            "params": self.params,
            "live_params": self.live_params,
            "flops": self.flops,
            "parts": dict(self.parts),
        }


def best(progress: Progress, evaluator: Evaluator, count: int = 10) -> list[Ranked]:
    """The first `count` of the ranking by one objective, measured; by several, the whole Pareto front."""
    chosen = progress.ranking(count) if len(progress.objectives) == 1 else progress.front()
    with single_thread():
        return [_measured(i, candidate, evaluator) for i, candidate in enumerate(chosen, start=1)]


def winner(progress: Progress, top: Sequence[Ranked]) -> Ranked | None:
    """The one to take: the first, or by several objectives the front's compromise."""
    compromise = progress.compromise() if len(progress.objectives) > 1 else None
    if compromise is None:
        return top[0] if top else None
    return next(ranked for ranked in top if ranked.architecture == str(compromise.architecture))


def search_json(
    found: Progress, top: Sequence[Ranked], chosen: Ranked | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """What a search found and what it rests on, JSON-ready; `settings` as from `search_settings` and more."""
    several = len(found.objectives) > 1
    return {
        "best": chosen.to_json() if chosen else None,
        ("front" if several else "top"): [ranked.to_json() for ranked in top],
        "scored": len(found),
        "failed": [{"architecture": str(c.architecture), "reason": c.reason} for c in found.failures()],
        "rejected_by_limits": found.rejected,
        "guided": found.guided,
        "ended_early": found.ended or None,
        "device_seconds": found.seconds(),
        "settings": dict(settings),
        "provenance": provenance(),
    }


def best_table(ranked: Sequence[Ranked], title: str) -> Table:
    """For the terminal."""
    table = Table(title=title, title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("architecture", overflow="fold", min_width=24)
    specs = list(ranked[0].scores) if ranked else []
    headings = ["score"] if len(specs) == 1 else [spec for spec in specs if spec not in ("params", "flops")]
    for heading in headings:
        table.add_column(heading, justify="right")
    for heading in ("params", "live", "MFLOPs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for r in ranked:
        shown = [r.score] if len(specs) == 1 else [r.scores[heading] for heading in headings]
        table.add_row(
            str(r.rank),
            _folded(r.architecture),
            *(f"{value:.6g}" for value in shown),
            "-" if r.params is None else f"{r.params:,}",
            "-" if r.live_params is None else f"{r.live_params:,}",
            "-" if r.flops is None else f"{r.flops / 1e6:.2f}",
        )
    return table


def _folded(architecture: str) -> str:
    """With line breaks between nodes, or between the fields of a genotype."""
    if len(architecture) <= 60:
        return architecture
    for mark, cut in (("|+|", "|+\n|"), ("], ", "],\n")):
        if mark in architecture:
            return architecture.replace(mark, cut)
    return architecture


def _measured(rank: int, candidate: Candidate, evaluator: Evaluator) -> Ranked:
    batch = evaluator.batch
    network = evaluator.network(str(candidate.architecture))
    return Ranked(
        rank,
        str(candidate.architecture),
        {score.proxy: _value(score.value) for score in candidate.scores},
        _size(lambda: parameter_count(network)),
        _size(lambda: live_parameter_count(network, batch.normalised()[:MOST_IMAGES])),
        _size(lambda: flop_count(network, batch.images.shape[1:])),
        {part.proxy: part.value for part in candidate.parts if part.value is not None},
    )


def _size(count: Callable[[], int]) -> int | None:
    try:
        return count()
    except Exception:  # what was searched must be written even where a network cannot be measured
        return None


def _value(value: float | None) -> float:
    assert value is not None
    return value
