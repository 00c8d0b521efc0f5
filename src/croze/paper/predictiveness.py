"""What a score of the initialised network says of the score it would have later: the paper's Figure 5.

Section 4.4 correlates the proxy, and each of its components, in the single-step state with the same after 10
steps and after full training. Our reading of it:

- The single-step state is the initialised network: its surrogates take the one step of Eq. 6-7. The proxy of
  a later state takes that state's weights as theta in Eq. 3-10; everything else stays as it is, see `states`.
- A component is the form with the other two as the factor 1 (as in Table 5); the product has all three.
- *Perturbed images* are the form as it is, its robust network seeing x' of Eq. 4; for *clean images* that
  network sees x itself (`perturbation=none`), so that its weights alone are perturbed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.paper.forms import with_components
from croze.paper.states import State
from croze.proxies.croze.form import COMPONENTS, CrozeForm
from croze.ranking.scored import Scored
from croze.stats.bootstrap import bootstrap_spearman, percentile_interval
from croze.stats.concordance import kendall
from croze.stats.correlation import MINIMUM

Floats = NDArray[np.float64]

PARTS: Mapping[str, tuple[str, ...]] = {
    "product": COMPONENTS,
    **{component: (component,) for component in COMPONENTS},
}
"""The panels of Figure 5, and the components behind each."""

IMAGES = ("perturbed", "clean")
"""What the robust network sees; the first is the form as it is."""

LEVEL = 0.95
"""Of the bootstrap intervals."""


@dataclass(frozen=True)
class Part:
    """The whole of a form, or a component of it, on one kind of images.

    Attributes:
        form: spec of the form as it was named.
        name: a key of `PARTS`, or the components joined by + where the form as named is none of them.
        images: out of `IMAGES`.
        proxy: what is scored.
        whole: whether this is the form as it was named.
    """

    form: str
    name: str
    images: str
    proxy: CrozeForm
    whole: bool


@dataclass(frozen=True)
class Prediction:
    """How the cells rank in the single-step state and in a later one.

    Attributes:
        part: of what.
        later: name of the later state.
        rho: Spearman's; NaN where a score is the same for all cells.
        low, high: the ends of its bootstrap interval.
        tau: Kendall's tau-b.
    """

    part: Part
    later: str
    rho: float
    low: float
    high: float
    tau: float


@dataclass(frozen=True, eq=False)
class Predictiveness:
    """All correlations, on the cells where every score of every state succeeded.

    Attributes:
        chosen: number of cells.
        kept: positions of those that the correlations rest on, shape `(n,)`.
        predictions: by later state, form and part.
        values: by later state and spec, the scores in the single-step state and later, shape `(n,)` each.
        failures: by state and form, on how many of the chosen cells one of its parts failed.
        reasons: by state and form, why on the first of these.
        resamples, seed: of the bootstrap.
    """

    chosen: int
    kept: NDArray[np.int64]
    predictions: tuple[Prediction, ...]
    values: Mapping[tuple[str, str], tuple[Floats, Floats]]
    failures: Mapping[tuple[str, str], int]
    reasons: Mapping[tuple[str, str], str]
    resamples: int
    seed: int

    @property
    def n(self) -> int:
        """The number of cells that the correlations rest on."""
        return len(self.kept)

    @property
    def later(self) -> tuple[str, ...]:
        """Names of the later states."""
        return tuple(dict.fromkeys(found.later for found in self.predictions))

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, without the scores; NaN as None."""
        return {
            "cells": {"chosen": self.chosen, "n": self.n},
            "bootstrap": {"resamples": self.resamples, "seed": self.seed, "level": LEVEL},
            "predictions": [
                {
                    "form": found.part.form,
                    "part": found.part.name,
                    "images": found.part.images,
                    "proxy": found.part.proxy.spec,
                    "from": "single step",
                    "to": found.later,
                    "spearman": _number(found.rho),
                    "low": _number(found.low),
                    "high": _number(found.high),
                    "kendall": _number(found.tau),
                }
                for found in self.predictions
            ],
            "failures": [
                {"state": state, "form": form, "cells": count, "first_reason": self.reasons[state, form]}
                for (state, form), count in self.failures.items()
            ],
        }


def parts_of_form(form: CrozeForm) -> list[Part]:
    """The product, each component, and the form itself where it is neither, on either kind of images."""
    named = dict(PARTS)
    if form.components not in named.values():
        named["+".join(form.components)] = form.components
    found = []
    for images in IMAGES:
        perturbation = None if images == "perturbed" else "none"
        for name, components in named.items():
            proxy = with_components(form, components, perturbation)
            found.append(Part(form.spec, name, images, proxy, proxy == form))
    return found


def predictiveness(
    pairs: Sequence[tuple[State, State]],
    forms: Sequence[CrozeForm],
    folder: str | Path,
    *,
    workers: int = 1,
    resamples: int = 1000,
    seed: int = 0,
    watch: Callable[[str, int], None] = lambda state, done: None,
) -> Predictiveness:
    """Score every state and correlate; what the folder holds already is not computed again.

    Args:
        pairs: a single-step state and a later one each, all of the same architectures in the same order.
        forms: at least one.
        folder: of the store of scores.
        workers: as for `Ledger`.
        resamples, seed: of the bootstrap over cells; every correlation sees the same resamples.
        watch: called after every network with the name of its state and the number of networks scored so far,
            over all states.

    Raises:
        CrozeError: no pair or form, fewer cells than a correlation needs, or fewer on which all succeeded.
    """
    counts = {len(state.texts) for pair in pairs for state in pair}
    if not forms or len(counts) != 1 or min(counts) < MINIMUM:
        raise CrozeError(
            f"Correlations need a form and at least {MINIMUM} cells in every state, got {len(forms)} forms "
            f"and {' and '.join(map(str, sorted(counts))) or 'no'} cells."
        )
    chosen = counts.pop()
    parts = [part for form in forms for part in parts_of_form(form)]
    scored: dict[int, Scored] = {}
    failures: dict[tuple[str, str], int] = {}
    reasons: dict[tuple[str, str], str] = {}
    for i, state in enumerate(distinct_states(pairs)):

        def one(done: int, before: int = i * chosen, name: str = state.name) -> None:
            watch(name, before + done)

        proxies = list({part.proxy.spec: part.proxy for part in parts}.values())
        found = scored[id(state)] = state.scores(folder, proxies, workers, one)
        for form, failed in _failed(found, parts).items():
            failures[state.name, form] = max(failures.get((state.name, form), 0), len(failed))
            reasons.setdefault(
                (state.name, form), next(failed[text] for text in state.texts if text in failed)
            )
    columns = [values for found in scored.values() for values in found.values.values()]
    kept = np.flatnonzero(np.isfinite(columns).all(axis=0)).astype(np.int64)
    if len(kept) < MINIMUM:
        why = "; ".join(f"{form}, {state}: {reason}" for (state, form), reason in reasons.items())
        raise CrozeError(
            f"Correlations need at least {MINIMUM} cells on which every score succeeded, got {len(kept)} of "
            f"{chosen:,}: {why}."
        )
    predictions: list[Prediction] = []
    values: dict[tuple[str, str], tuple[Floats, Floats]] = {}
    for early, late in pairs:
        specs = [part.proxy.spec for part in parts]
        x, y = (np.stack([scored[id(s)].values[spec][kept] for spec in specs]) for s in (early, late))
        values |= {(late.name, spec): (x[i], y[i]) for i, spec in enumerate(specs)}
        predictions += _correlations(parts, late.name, x, y, resamples, seed)
    return Predictiveness(chosen, kept, tuple(predictions), values, failures, reasons, resamples, seed)


def _failed(scored: Scored, parts: Sequence[Part]) -> dict[str, dict[str, str]]:
    """By form the cells on which one of its parts failed, and why; forms that did not fail are left out."""
    found: dict[str, dict[str, str]] = {}
    for part in parts:
        for text, reason in scored.reasons[part.proxy.spec].items():
            found.setdefault(part.form, {}).setdefault(text, reason)
    return found


def _correlations(
    parts: Sequence[Part], later: str, x: Floats, y: Floats, resamples: int, seed: int
) -> list[Prediction]:
    """Of each part's scores in two states, shape `(parts, n)` each."""
    found = bootstrap_spearman(x, y, resamples=resamples, seed=seed)
    rho = found.rho.diagonal().tolist()
    ends = percentile_interval(found.resampled.diagonal(axis1=1, axis2=2), LEVEL)
    low, high = (end.tolist() for end in ends)
    return [
        Prediction(part, later, rho[i], low[i], high[i], kendall(x[i], y[i])) for i, part in enumerate(parts)
    ]


def distinct_states(pairs: Sequence[tuple[State, State]]) -> list[State]:
    """The states that have to be scored, each once."""
    return list({id(state): state for pair in pairs for state in pair}.values())


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
