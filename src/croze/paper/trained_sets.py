"""The DARTS half of Table 5: whom each set of components ranks first, trained.

The paper searches once for each set (5,000 candidates, then moves). Here all sets choose from the same random
candidates, so that they differ in nothing but the components.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from croze.errors import CrozeError
from croze.paper.best_by_set import Best, best_by_set, score_sets
from croze.paper.component_sets import FIGURES, figures_of
from croze.proxies.croze.form import CrozeForm
from croze.scoring.ledger import Ledger
from croze.truth import Truth


@dataclass(frozen=True)
class TrainedRow:
    """One set of one form.

    Attributes:
        form: spec of the form.
        components: a key of `SETS`.
        best: whom it ranks first.
        figures: of the trained network, by `FIGURES`, in [0, 1]; None where its training failed.
    """

    form: str
    components: str
    best: Best
    figures: Mapping[str, float] | None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        figures = None if self.figures is None else dict(self.figures)
        return {**vars(self), "best": vars(self.best), "figures": figures}


def choose_by_sets(
    ledger: Ledger,
    architectures: Sequence[str],
    forms: Sequence[CrozeForm],
    watch: Callable[[int], None] = lambda done: None,
) -> dict[str, dict[str, Best]]:
    """Whom each set of each form ranks first, by form and set.

    Args:
        ledger: scores the architectures, or finds their scores.
        architectures: candidates, each once.
        forms: each once; what components they have does not matter.
        watch: called after every candidate with the number of those done.

    Raises:
        CrozeError: when no candidate has a score under every set of a form.
    """
    sets, scored = score_sets(ledger, architectures, forms, watch)
    found = {}
    for form, own in sets.items():
        try:
            found[form] = best_by_set(
                architectures, {name: scored.values[proxy.spec] for name, proxy in own.items()}
            )
        except CrozeError as problem:
            reasons = [scored.first_reason(proxy, architectures) for proxy in own.values()]
            reason = next((reason for reason in reasons if reason), "unknown")
            raise CrozeError(f"{form}: {problem} The first reason: {reason}.") from None
    return found


def trained_rows(chosen: Mapping[str, Mapping[str, Best]], truth: Truth) -> list[TrainedRow]:
    """The rows of the table, from the measured accuracies of those who were chosen.

    Args:
        chosen: as `choose_by_sets`.
        truth: of the trained networks, with clean, FGSM at 8/255 and all corruptions.

    Raises:
        CrozeError: when it lacks one of these.
    """
    figures = figures_of(truth)
    place = {name: i for i, name in enumerate(truth.architectures)}
    rows = []
    for form, by_set in chosen.items():
        for components, best in by_set.items():
            i = place.get(best.architecture)
            own = None if i is None else {name: float(figures[name][i]) for name in FIGURES}
            rows.append(TrainedRow(form, components, best, own))
    return rows
