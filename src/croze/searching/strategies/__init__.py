"""Search strategies by name: they see moves and merits, never a network or a proxy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, TypeVar

from croze.errors import CrozeError
from croze.searching.strategies.base import Algorithm, Guide, Merits, Moves
from croze.searching.strategies.evolution import RegularisedEvolution
from croze.searching.strategies.local_search import LocalSearch
from croze.searching.strategies.move import Move
from croze.searching.strategies.nsga2 import NSGA2
from croze.searching.strategies.random_search import RandomSearch
from croze.searching.strategies.warmup import (
    WarmUp,
    evolution_after_warmup,
    move_after_warmup,
    random_after_warmup,
)

A = TypeVar("A")

ALGORITHMS: Mapping[str, Callable[..., Algorithm[Any]]] = {
    "random": RandomSearch,
    "random+warmup": random_after_warmup,
    "evolution": RegularisedEvolution,
    "evolution+warmup": evolution_after_warmup,
    "evolution+move": Move,
    "evolution+warmup+move": move_after_warmup,
    "local-search": LocalSearch,
    "nsga2": NSGA2,
}
"""What makes each strategy: called with moves and a seed, then its own settings and, with some, a guide."""

PAPER = {"rand": "random", "ae": "evolution"}
"""The paper's names of the two that it builds on."""

__all__ = [
    "ALGORITHMS",
    "NSGA2",
    "Algorithm",
    "Guide",
    "LocalSearch",
    "Merits",
    "Move",
    "Moves",
    "RandomSearch",
    "RegularisedEvolution",
    "WarmUp",
    "algorithm_name",
    "make_algorithm",
    "settings_of",
    "takes_guide",
]


def algorithm_name(text: str) -> str:
    """The name in `ALGORITHMS` that is meant, in any case and in the paper's words (`AE+warmup`), else a
    CrozeError.
    """
    name = "+".join(PAPER.get(part.strip(), part.strip()) for part in text.lower().split("+"))
    if name not in ALGORITHMS:
        raise CrozeError(f"Unknown algorithm {text!r}; the known ones are {', '.join(ALGORITHMS)}.")
    return name


def settings_of(name: str) -> dict[str, Any]:
    """The settings that a strategy takes, with their defaults."""
    parameters = signature(ALGORITHMS[algorithm_name(name)]).parameters
    return {key: p.default for key, p in parameters.items() if key not in ("moves", "seed", "guide")}


def takes_guide(name: str) -> bool:
    """Whether a guide can steer this strategy."""
    return "guide" in signature(ALGORITHMS[algorithm_name(name)]).parameters


def make_algorithm(
    name: str, moves: Moves[A], seed: int, guide: Guide[A] | None = None, **settings: Any
) -> Algorithm[A]:
    """The strategy of this name with its own settings, and a guide for strategies with warm-up or move.

    Raises:
        CrozeError: for an unknown name or setting, a setting out of its range, a guide for a strategy that
            takes none, or none for one that needs it.
    """
    name = algorithm_name(name)
    known = settings_of(name)
    unknown = [key for key in settings if key not in known]
    if unknown:
        has = f"its settings are {', '.join(known)}" if known else "it has no settings"
        raise CrozeError(f"The strategy {name} has no setting {unknown[0]}; {has}.")
    if guide is not None:
        if not takes_guide(name):
            guided = ", ".join(other for other in ALGORITHMS if takes_guide(other))
            raise CrozeError(f"The strategy {name} takes no guide; those that do are {guided}.")
        settings["guide"] = guide
    return ALGORITHMS[name](moves, seed, **settings)
