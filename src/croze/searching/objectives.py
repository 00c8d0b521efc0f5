"""What a search optimises: proxies, aggregates and costs, each with its direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from croze.errors import CrozeError
from croze.proxies import Aggregate, Criterion, parse_proxy, parts_of
from croze.scoring.costs import Cost
from croze.scoring.evaluator import Quantity

LATENCY = "latency"
"""How the command line names the cost; what it stands for is said once, by another option."""


@dataclass(frozen=True)
class Objective:
    """Something to be made as large, or as small, as possible.

    Attributes:
        target: a proxy, an aggregate or a cost.
        maximise: the direction, which need not be the target's own.
    """

    target: Criterion | Cost
    maximise: bool

    @property
    def spec(self) -> str:
        """The target's name."""
        return self.target.spec

    def merit(self, value: float) -> float:
        """The value, turned so that higher is better."""
        return value if self.maximise else -value

    def __str__(self) -> str:
        return f"{'max' if self.maximise else 'min'} {self.spec}"


def objective_of(target: Criterion | Cost) -> Objective:
    """The target in its own direction."""
    return Objective(target, target.higher_is_better)


def find_objective(text: str, latency: Cost) -> Objective:
    """The objective that the text names, in its own direction.

    Args:
        latency: what the name `latency` stands for.

    Raises:
        CrozeError: for an unknown name, or several.
    """
    return objective_of(_target(text, latency))


def find_objectives(maximize: Sequence[str], minimize: Sequence[str], latency: Cost) -> list[Objective]:
    """The objectives that these texts name, those to maximise first.

    Args:
        latency: what the name `latency` stands for.

    Raises:
        CrozeError: for an unknown name, or one that stands there twice.
    """
    found = [
        Objective(_target(text, latency), direction)
        for texts, direction in ((maximize, True), (minimize, False))
        for text in texts
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


def definition_of(objective: Objective) -> str:
    """What an objective is made of: a named aggregate written out, anything else by its name."""
    return objective.target.definition if isinstance(objective.target, Aggregate) else objective.spec


def _target(text: str, latency: Cost) -> Criterion | Cost:
    return latency if text.strip() == LATENCY else parse_proxy(text)
