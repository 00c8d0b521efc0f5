"""A search as a value: every candidate, what was asked for, and the one place that knows the winner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NotRequired, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.files import Count, read_result, to_json, write_result, write_text
from croze.provenance import Provenance
from croze.reporting.chart import Chart
from croze.reporting.part import Part
from croze.reporting.run import Run, Status
from croze.reporting.table import Table
from croze.reporting.text import millions, number
from croze.searching.charts import SIZES, search_charts
from croze.searching.objectives import Goal, GoalContent, Objective
from croze.searching.page import search_part
from croze.searching.strategies.pareto import compromise, front, ranked
from croze.spaces import Space, SpaceContent, space_from_json

FILE = "search.json"
"""Everything about a search, finished or not; `SearchRun.load` reads it."""

RESULT, NETWORK = "best.json", "network.py"
"""What users read of a finished search: the best with their sizes, and the winner as plain torch."""

OLD = (RESULT, "candidates.json")
"""Files that a search of an older format left."""

TOP = 10
"""Architectures that a search by one objective shows; by several it shows the whole front."""

MOST_ROWS = 20
"""Rows of the table; `best.json` has the others."""

Floats = NDArray[np.float64]


class Row(TypedDict):
    """A candidate in `search.json`; what is not known is left out."""

    architecture: str
    scores: NotRequired[list[float]]
    parts: NotRequired[dict[str, float]]
    reason: NotRequired[str]
    params: NotRequired[Count]
    flops: NotRequired[Count]
    live_params: NotRequired[Count]


class Settings(TypedDict):
    """What every search is set to; each algorithm has more."""

    objectives: list[GoalContent]
    algorithm: str
    guide: str | None
    space: str
    images: Count
    batch: str
    seed: Count
    engine: Count
    budget: Count
    data: str
    device: NotRequired[str]


class Content(TypedDict):
    """What `search.json` holds."""

    space: SpaceContent
    classes: Count
    settings: Settings
    candidates: list[Row]
    finished: bool
    ended_early: str
    rejected_by_limits: Count
    guided: Count
    device_seconds: float
    provenance: Provenance


@dataclass(frozen=True)
class Found:
    """A candidate of a search.

    Attributes:
        architecture: in the notation of the space.
        scores: by every objective as it is, whatever its direction; empty when the candidate failed. By an
            aggregate the score is the place among all candidates of the search.
        parts: by every proxy and cost behind the scores, those that have a value.
        reason: why it failed; empty when it did not.
        params, flops, live_params: trainable parameters, multiply-adds of one image, and parameters that a
            gradient reaches; None where they are not known.
    """

    architecture: str
    scores: Mapping[str, float]
    parts: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    params: int | None = None
    flops: int | None = None
    live_params: int | None = None

    @property
    def score(self) -> float:
        """By the first objective; raises StopIteration when the candidate failed."""
        return next(iter(self.scores.values()))

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, without what is not known; `from_json` gives an equal candidate back."""
        row = {
            "architecture": self.architecture,
            "scores": list(self.scores.values()),
            "parts": dict(self.parts) if self.parts != self.scores else {},
            "reason": self.reason,
            "params": self.params,
            "flops": self.flops,
            "live_params": self.live_params,
        }
        return {key: value for key, value in row.items() if value not in (None, "", [], {})}

    @classmethod
    def from_json(cls, row: Row, goals: Sequence[Goal]) -> Found:
        """The candidate of a row; raises CrozeError where its scores are not as many as the goals."""
        values = row.get("scores", [])
        if len(values) != len(goals) and (values or not row.get("reason")):
            raise CrozeError(f"{row['architecture']} must have {len(goals)} scores or a reason")
        scores = dict(zip([goal.spec for goal in goals], map(float, values), strict=True)) if values else {}
        return cls(
            row["architecture"],
            scores,
            row.get("parts", scores),
            row.get("reason", ""),
            row.get("params"),
            row.get("flops"),
            row.get("live_params"),
        )


@dataclass(frozen=True, eq=False, repr=False)
class SearchRun(Run):
    """A search, finished or not.

    Attributes:
        folder: where it lies.
        settings: all that its course depends on, and the budget.
        described: its space, as `croze.spaces.space_to_json` describes it.
        classes: of its networks.
        candidates: in the order of asking, failures among them.
        finished: whether the search came to its end.
        ended: why it stopped before its budget; empty when it did not.
        rejected: architectures that broke a limit.
        guided: architectures that a guide scored.
        device_seconds: of all scores.
        provenance: command, versions, machine, time.
        opened: the space, where it is at hand.
    """

    folder: Path
    settings: Mapping[str, Any]
    described: Mapping[str, Any]
    classes: int
    candidates: tuple[Found, ...]
    finished: bool
    ended: str
    rejected: int
    guided: int
    device_seconds: float
    provenance: Mapping[str, Any]
    opened: Space[Any] | None = None

    kind = "search"
    version = 2

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """What was optimised, by name."""
        return tuple(Goal.from_json(content) for content in self.settings["objectives"])

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        """What was optimised; raises CrozeError for a proxy that this croze does not have."""
        return tuple(Objective.from_json(content) for content in self.settings["objectives"])

    @cached_property
    def space(self) -> Space[Any]:
        """The space that was searched; raises CrozeError where a user's space cannot be opened here."""
        return self.opened or space_from_json(self.described)

    @property
    def several(self) -> bool:
        """Whether there are several objectives, so that the result is a front."""
        return len(self.goals) > 1

    @cached_property
    def values(self) -> Floats:
        """`(N, objectives)`, NaN where a candidate failed."""
        missing = [np.nan] * len(self.goals)
        rows = [list(found.scores.values()) or missing for found in self.candidates]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.goals))

    @cached_property
    def merits(self) -> Floats:
        """`(N, objectives)`, higher being better, NaN where a candidate failed."""
        signs = [1.0 if goal.maximise else -1.0 for goal in self.goals]
        merits: Floats = self.values * np.array(signs)
        return merits

    @cached_property
    def order(self) -> list[int]:
        """Indices of candidates with all scores, best first by the first objective."""
        return ranked(self.merits)

    @cached_property
    def front_indices(self) -> list[int]:
        """Indices of the Pareto front, best first by the first objective."""
        return [self.order[i] for i in front(self.merits[self.order])]

    @cached_property
    def best_index(self) -> int | None:
        """Index of the winner; None as long as nothing succeeded."""
        return compromise(self.merits)

    @property
    def best(self) -> Found | None:
        """The winner: the first of the ranking, or the member of the front with the best mean rank.

        None as long as nothing succeeded; of an unfinished search the best so far.
        """
        return None if self.best_index is None else self.candidates[self.best_index]

    @property
    def ranking(self) -> list[Found]:
        """Candidates with all scores, best first by the first objective; equal ones as asked for."""
        return [self.candidates[i] for i in self.order]

    @property
    def front(self) -> list[Found]:
        """The Pareto front: those that no other betters in one objective and equals in all; as `ranking`."""
        return [self.candidates[i] for i in self.front_indices]

    @property
    def shown(self) -> list[int]:
        """Indices of what the result shows: the first ten of the ranking, or the whole front."""
        return self.front_indices if self.several else self.order[:TOP]

    @cached_property
    def reasons(self) -> Counter[str]:
        """How many candidates failed for each reason."""
        return Counter(found.reason for found in self.candidates if found.reason)

    @property
    def status(self) -> Status:
        """`failed` when it came to its end and no candidate has a score."""
        if not self.finished:
            return "unfinished"
        return "finished" if self.best else "failed"

    @property
    def reason(self) -> str:
        """Why it failed or ended early; empty when it did not."""
        if self.ended or self.status != "failed":
            return self.ended
        reason, count = self.reasons.most_common(1)[0]
        return f"All {len(self.candidates):,} architectures failed, {count:,} because: {reason}"

    @property
    def title(self) -> str:
        """What was searched, by what, on what."""
        specs = "+".join(goal.spec for goal in self.goals)
        return f"{specs} on {self.described['name']}, {self.settings['data']}, seed {self.settings['seed']}"

    def table(self) -> Table:
        """The first ten, or the front: scores, parameters, those of them that a gradient reaches, FLOPs."""
        specs = [goal.spec for goal in self.goals if goal.spec not in SIZES]
        rows = tuple(
            (
                f"{rank}*" if self.several and place == self.best_index else str(rank),
                found.architecture,
                *(number(found.scores[spec]) for spec in specs),
                *(millions(size) for size in (found.params, found.live_params, found.flops)),
            )
            for rank, place in enumerate(self.shown[:MOST_ROWS], start=1)
            for found in (self.candidates[place],)
        )
        what = "Pareto front" if self.several else "Best"
        notes = ["* has the best mean rank."] if self.several and rows else []
        if len(self.shown) > MOST_ROWS:
            notes.append(f"{len(self.shown) - MOST_ROWS} more are in {RESULT}.")
        return Table(
            f"{what} of {len(self.candidates):,} architectures by {self.title}",
            " ".join(notes),
            ("rank", "architecture", *specs, "parameters", "live", "multiply-adds"),
            rows,
        )

    def page(self) -> Part:
        """Facts, charts and tables, and what the search rests on."""
        return search_part(self)

    def plot(self, path: str | Path) -> None:
        """Write the chart of the result: the progress by one objective, the front by several.

        Args:
            path: its ending says as what: PNG, SVG or PDF.

        Raises:
            CrozeError: while no candidate has a score, without the extra `plot`, or for a file that cannot
                be written.
        """
        charts: tuple[Chart, ...] = search_charts(self)
        if not charts:
            raise CrozeError("There is nothing to draw: this search has no scored architecture.")
        charts[1 if self.several else 0].save(Path(path))

    def rows(self) -> list[dict[str, Any]]:
        """One row a candidate in the order of asking: scores, parts, sizes, whether on the front and best."""
        members = set(self.front_indices)
        specs = [goal.spec for goal in self.goals]
        return [
            {
                "architecture": found.architecture,
                **{spec: found.scores.get(spec) for spec in specs},
                **found.parts,
                "params": found.params,
                "live_params": found.live_params,
                "flops": found.flops,
                "front": i in members,
                "best": i == self.best_index,
                "reason": found.reason,
            }
            for i, found in enumerate(self.candidates)
        ]

    def export(self) -> str:
        """Python source of the winner's network, which needs nothing but torch.

        Raises:
            CrozeError: while there is no winner, or when its space cannot be opened or exported.
        """
        if self.best is None:
            raise CrozeError(f"The search in {self.folder} has found no architecture so far.")
        return self.space.export(self.space.parse(self.best.architecture), classes=self.classes)

    def result(self) -> dict[str, Any]:
        """The content of `best.json`: the best with their sizes, failures, settings; JSON-ready."""
        top = {place: self._row(rank, place) for rank, place in enumerate(self.shown, start=1)}
        return {
            "format": {"kind": self.kind, "version": self.version},
            "best": None if self.best_index is None else top[self.best_index],
            ("front" if self.several else "top"): list(top.values()),
            "scored": len(self.candidates),
            "failed": [
                {"architecture": f.architecture, "reason": f.reason} for f in self.candidates if f.reason
            ],
            "rejected_by_limits": self.rejected,
            "guided": self.guided,
            "ended_early": self.ended or None,
            "device_seconds": self.device_seconds,
            "settings": dict(self.settings),
            "provenance": dict(self.provenance),
        }

    def save(self) -> None:
        """Write `search.json`, and once the search is finished `best.json` and `network.py`.

        Raises:
            CrozeError: when a file cannot be written, or the winner cannot be exported.
        """
        content = {
            "status": self.status,
            "space": dict(self.described),
            "classes": self.classes,
            "settings": dict(self.settings),
            "candidates": [found.to_json() for found in self.candidates],
            "finished": self.finished,
            "ended_early": self.ended,
            "rejected_by_limits": self.rejected,
            "guided": self.guided,
            "device_seconds": self.device_seconds,
            "provenance": dict(self.provenance),
        }
        write_result(self.folder / FILE, self.kind, self.version, content, indented=False)
        if self.finished:
            write_text(self.folder / RESULT, to_json(self.result()))
            if self.best is not None:
                write_text(self.folder / NETWORK, self.export())

    @classmethod
    def load(cls, folder: str | Path, space: Space[Any] | None = None) -> Self:
        """The search that lies in a folder.

        Args:
            folder: as `croze.search` was given it.
            space: a user's space that cannot be opened from its description.

        Raises:
            CrozeError: when there is none, or it is of another format.
        """
        folder = Path(folder)
        path = folder / FILE
        if not path.is_file() and any((folder / name).is_file() for name in OLD):
            raise CrozeError(
                f"{folder} holds a search of an older format: run the same search again there, its scores "
                "are kept."
            )
        content: Content = read_result(path, cls.kind, cls.version, Content)
        settings = content["settings"]
        goals = [Goal.from_json(described) for described in settings["objectives"]]
        try:
            if len({goal.spec for goal in goals}) != len(goals) or not goals:
                raise CrozeError("it must have an objective, and none twice")
            candidates = tuple(Found.from_json(row, goals) for row in content["candidates"])
        except CrozeError as problem:
            raise CrozeError(
                f"{path} is no search that can be read ({problem}): run it again, its scores are kept."
            ) from None
        return cls(
            folder,
            settings,
            content["space"],
            content["classes"],
            candidates,
            content["finished"],
            content["ended_early"],
            content["rejected_by_limits"],
            content["guided"],
            content["device_seconds"],
            content["provenance"],
            space,
        )

    def __repr__(self) -> str:
        asked = f"{len(self.candidates):,} of {self.settings['budget']:,} architectures"
        best = self.best
        won = "no winner" if best is None else f"best {best.architecture} with " + ", ".join(
            f"{spec} {value:.6g}" for spec, value in best.scores.items()
        )  # fmt: skip
        return f"<SearchRun {self.folder}, {self.status}: {asked} by {self.title}; {won}>"

    def _row(self, rank: int, place: int) -> dict[str, Any]:
        found = self.candidates[place]
        return {
            "rank": rank,
            "architecture": found.architecture,
            "score": found.score,
            "scores": dict(found.scores),
            "params": found.params,
            "live_params": found.live_params,
            "flops": found.flops,
            "parts": dict(found.parts),
        }
