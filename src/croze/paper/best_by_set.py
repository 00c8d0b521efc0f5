"""Which architecture each set of CRoZe's components ranks first: the choice behind the paper's Table 5.

A component that is missing from a set is the factor 1. On NAS-Bench-201 the accuracies of the winners are
looked up (`component_sets`); elsewhere this says whom to train.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.paper.forms import with_components
from croze.proxies import Proxy
from croze.proxies.croze.form import CrozeForm
from croze.ranking.scored import Scored, collect
from croze.scoring.ledger import Ledger

Floats = NDArray[np.float64]

SETS: Mapping[str, tuple[str, ...]] = {
    "F": ("features",),
    "F+P": ("features", "parameters"),
    "F+G": ("features", "gradients"),
    "P+G": ("parameters", "gradients"),
    "F+P+G": ("features", "parameters", "gradients"),
}
"""The rows of Table 5."""


@dataclass(frozen=True)
class Best:
    """What a set ranks first.

    Attributes:
        architecture: the first in the order of strings where several share the best score.
        value: its score.
        among: number of architectures that were ranked.
        sharing: how many have this score, itself included.
    """

    architecture: str
    value: float
    among: int
    sharing: int


def forms_by_set(form: CrozeForm) -> dict[str, CrozeForm]:
    """The form with each set of components."""
    return {name: with_components(form, components) for name, components in SETS.items()}


def score_sets(
    ledger: Ledger,
    architectures: Sequence[str],
    forms: Sequence[CrozeForm],
    watch: Callable[[int], None] = lambda done: None,
) -> tuple[dict[str, dict[str, CrozeForm]], Scored]:
    """Every set of every form, by spec of the form and name of the set; and all their scores.

    Args:
        ledger: scores the architectures, or finds their scores.
        architectures: each once.
        forms: each once; what components they have does not matter.
        watch: called after every architecture with the number of those done.
    """
    sets = {form.spec: forms_by_set(form) for form in forms}
    wanted: dict[str, Proxy] = {proxy.spec: proxy for own in sets.values() for proxy in own.values()}
    return sets, collect(ledger, architectures, list(wanted.values()), watch)


def best_by_set(architectures: Sequence[str], scores: Mapping[str, Floats]) -> dict[str, Best]:
    """Whom each set ranks first.

    Args:
        architectures: of any space, each once.
        scores: by set, shape `(n,)`, NaN where a score failed. Only architectures on which all of these sets
            succeeded are ranked, so that the sets choose from the same.

    Raises:
        CrozeError: when there is no such architecture.
    """
    good = np.logical_and.reduce([np.isfinite(values) for values in scores.values()])
    kept: list[int] = np.flatnonzero(good).tolist()
    if not kept:
        raise CrozeError(
            f"None of {len(architectures):,} architectures has a score under each of {', '.join(scores)}: "
            "there is nothing to choose from."
        )
    found = {}
    for name, values in scores.items():
        top = values[kept].max()
        sharing = [architectures[i] for i in kept if values[i] == top]
        found[name] = Best(min(sharing), float(top), len(kept), len(sharing))
    return found
