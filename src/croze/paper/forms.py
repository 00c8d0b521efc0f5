"""Forms of CRoZe with some of their components, and what each ranks first; a missing one is the factor 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.proxies import PROXIES, parse_proxies
from croze.proxies.croze.form import CrozeForm

Form = TypeVar("Form", bound=CrozeForm)
Floats = NDArray[np.float64]

SETS: Mapping[str, tuple[str, ...]] = {
    "F": ("features",),
    "F+P": ("features", "parameters"),
    "F+G": ("features", "gradients"),
    "P+G": ("parameters", "gradients"),
    "F+P+G": ("features", "parameters", "gradients"),
}
"""The rows of Table 5."""


def find_forms(text: str) -> list[CrozeForm]:
    """The forms of a list such as `croze-paper,croze-official(beta=1)`; CrozeError for what is no form."""
    found: list[CrozeForm] = []
    for proxy in parse_proxies(text):
        if not isinstance(proxy, CrozeForm):
            known = ", ".join(name for name, kind in PROXIES.items() if issubclass(kind, CrozeForm))
            raise CrozeError(
                f"{proxy.spec} has no components: name forms of CRoZe, which are {known}, got {text!r}."
            )
        found.append(proxy)
    return found


def with_components(form: Form, components: Sequence[str], perturbation: str | None = None) -> Form:
    """The form with these components, and its own way to x' or another."""
    way = form.perturbation if perturbation is None else perturbation
    return replace(form, components=tuple(components), perturbation=way)


def sets_of(forms: Sequence[CrozeForm]) -> dict[str, dict[str, CrozeForm]]:
    """Each form with every set of components, by spec of the form and name of the set."""
    return {
        form.spec: {name: with_components(form, components) for name, components in SETS.items()}
        for form in forms
    }


@dataclass(frozen=True)
class Best:
    """What a set ranks first of so many (the first string of equals), its score, and how many share it."""

    architecture: str
    value: float
    among: int
    sharing: int


def best_by_set(architectures: Sequence[str], scores: Mapping[str, Floats]) -> dict[str, Best]:
    """What each set ranks first, of the architectures on which all of these sets succeeded.

    `scores` are by set, `(n,)`, NaN where one failed; CrozeError when no architecture is left.
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
