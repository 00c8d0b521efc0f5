"""What a search optimises: proxies, aggregates and costs, each with its direction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Literal, TypedDict, cast

from croze.errors import CrozeError
from croze.proxies import Aggregate, Criterion, parse_proxy, parts_of
from croze.scoring.costs import Cost, MeasuredLatency, ReachableParams, TableLatency
from croze.scoring.evaluator import Quantity

LATENCY = "latency"
"""The text that names a cost; which one is said once, by another argument."""

Target = Criterion | Cost
"""What can be optimised."""

_COSTS: Mapping[str, Callable[..., Cost]] = {
    "MeasuredLatency": MeasuredLatency,
    "ReachableParams": ReachableParams,
    "TableLatency": partial(TableLatency, values={}),
}


class GoalContent(TypedDict):
    """What `Goal.to_json` writes."""

    objective: str
    direction: Literal["max", "min"]
    definition: str


@dataclass(frozen=True)
class Goal:
    """An objective by its name alone, as the files of a search hold it.

    Attributes:
        spec: of the target.
        maximise: the direction.
        definition: a named aggregate written out; of anything else its name.
    """

    spec: str
    maximise: bool
    definition: str

    def merit(self, value: float) -> float:
        """The value, turned so that higher is better."""
        return value if self.maximise else -value

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; `from_json` gives an equal goal back."""
        direction = "max" if self.maximise else "min"
        return {"objective": self.spec, "direction": direction, "definition": self.definition}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Goal:
        """The goal that `to_json` described; a KeyError where this is none."""
        return cls(
            content["objective"], {"max": True, "min": False}[content["direction"]], content["definition"]
        )

    def __str__(self) -> str:
        return f"{'max' if self.maximise else 'min'} {self.spec}"


@dataclass(frozen=True)
class Objective:
    """A proxy, aggregate or cost to be made as large, or as small, as possible, whatever its own
    direction.
    """

    target: Target
    maximise: bool

    @property
    def spec(self) -> str:
        """The target's name."""
        return self.target.spec

    @property
    def goal(self) -> Goal:
        """The objective by name."""
        written_out = self.target.definition if isinstance(self.target, Aggregate) else self.spec
        return Goal(self.spec, self.maximise, written_out)

    def merit(self, value: float) -> float:
        """The value, turned so that higher is better."""
        return value if self.maximise else -value

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; `from_json` gives an equal objective back."""
        described = self.goal.to_json()
        if not isinstance(self.target, Cost):
            return described
        own = {f.name: getattr(self.target, f.name) for f in fields(cast(Any, self.target)) if f.compare}
        return {**described, "cost": {"kind": type(self.target).__name__, **own}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Objective:
        """The objective that `to_json` described. A table of latencies comes back without its values.

        Raises:
            CrozeError: when this is no such description, or names a proxy that this croze does not have.
        """
        try:
            goal = Goal.from_json(content)
            if "cost" in content:
                own = dict(content["cost"])
                return cls(_COSTS[own.pop("kind")](**own), goal.maximise)
        except (KeyError, TypeError) as problem:
            raise CrozeError(f"This describes no objective ({type(problem).__name__}: {problem}).") from None
        target = parse_proxy(goal.definition)
        if isinstance(target, Aggregate) and goal.spec != goal.definition:
            target = replace(target, alias=goal.spec)
        return cls(target, goal.maximise)

    def __str__(self) -> str:
        return str(self.goal)


def objective_of(target: Target) -> Objective:
    """The target in its own direction."""
    return Objective(target, target.higher_is_better)


def find_objective(target: str | Target, latency: Cost) -> Objective:
    """The objective in its own direction; the name `latency` stands for that cost. A CrozeError for an
    unknown name.
    """
    return objective_of(_target(target, latency))


def find_objectives(
    maximize: str | Target | Iterable[str | Target],
    minimize: str | Target | Iterable[str | Target],
    latency: Cost,
) -> list[Objective]:
    """The objectives that are named, those to maximise first; the name `latency` stands for that cost.

    Raises:
        CrozeError: for an unknown name, or one that stands there twice.
    """
    found = [
        Objective(_target(target, latency), direction)
        for targets, direction in ((maximize, True), (minimize, False))
        for target in ([targets] if isinstance(targets, str | Target) else targets)
    ]
    specs = [objective.spec for objective in found]
    twice = sorted({spec for spec in specs if specs.count(spec) > 1})
    if twice:
        raise CrozeError(f"The objective {twice[0]} is named twice; name each one once.")
    return found


def quantities_of(objectives: Sequence[Objective]) -> list[Quantity]:
    """Everything that has to be known of an architecture, once, in order."""
    found: dict[str, Quantity] = {}
    for objective in objectives:
        if isinstance(objective.target, Cost):
            found.setdefault(objective.spec, objective.target)
        else:
            found |= {part.spec: part for part in parts_of([objective.target]) if part.spec not in found}
    return list(found.values())


def _target(target: str | Target, latency: Cost) -> Target:
    if isinstance(target, Cost):
        return target
    return latency if isinstance(target, str) and target.strip() == LATENCY else parse_proxy(target)
