"""The tables of Figure 5 as data: ours, the paper's, the difference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from croze.paper.predictiveness import IMAGES, Prediction, Predictiveness
from croze.reporting.table import Table
from croze.reporting.text import interval_text, rho_text

PRINTED: Mapping[tuple[str, str], float] = {
    ("product", "10 steps"): 0.995,
    ("product", "full training"): 0.970,
    ("parameters", "full training"): 0.537,
    ("gradients", "full training"): 0.979,
}
"""What the paper gives for its 300 cells, by part and later state, as far as we could read its figure."""


def sheets(found: Predictiveness) -> list[Table]:
    """For each form its correlations, then what failed."""
    forms = dict.fromkeys(prediction.part.form for prediction in found.predictions)
    tables = [_of_form(found, form) for form in forms]
    return [*tables, _failures(found)] if found.failures else tables


def counted(found: Predictiveness) -> str:
    """On how many cells the correlations rest."""
    return f"{found.n:,} of {found.chosen:,} cells, those on which every score of every state succeeded"


def notes(found: Predictiveness) -> list[str]:
    """How to read the tables, a line each."""
    return [
        "rho is Spearman's, between the score in the single-step state (the initialised network) and the "
        "same score of the same network later; brackets hold its 95% bootstrap interval "
        f"({found.resamples:,} resamples of the cells, seed {found.seed}); tau is Kendall's tau-b.",
        "The proxy of a state takes that state's weights as theta in Eq. 3-10; batch, seed and everything "
        "else stay the same. The paper does not spell this out: it is our reading of its section 4.4.",
        "The product is the form with all three components; a component alone is the form with the other two "
        "as the factor 1. *The form* is what was named.",
        "Perturbed images: the robust network sees x' of Eq. 4, as the form defines it. Clean images: it "
        "sees x itself, and its weights alone are perturbed. The paper's figures stand beside the former.",
        "A failed score is never ranked, and all rows of all tables rest on the same cells.",
        "The paper (300 cells, its own networks) states .995 after 10 steps and .970 after full training for "
        "the product. Of the components its figure says .537 (parameters) and .979 (gradients) after full "
        "training; its other figures are not legible in our copy and are left out.",
    ]


def _of_form(found: Predictiveness, form: str) -> Table:
    rows = []
    own = [prediction for prediction in found.predictions if prediction.part.form == form]
    for images in IMAGES:
        here = [prediction for prediction in own if prediction.part.images == images]
        for name in dict.fromkeys(prediction.part.name for prediction in here):
            of_part = {p.later: p for p in here if p.part.name == name}
            part = next(iter(of_part.values())).part
            label = f"{name} (the form)" if part.whole else name
            cells = [text for later in found.later for text in _cells(of_part[later])]
            rows.append((label, images, *cells))
    columns = [
        heading
        for later in found.later
        for heading in (f"rho, {later}", "tau", *(("paper", "difference") if _is_printed(later) else ()))
    ]
    return Table(form, f"n = {counted(found)}.", ("part", "images", *columns), tuple(rows))


def _cells(prediction: Prediction) -> Sequence[str]:
    cells = [interval_text(prediction.rho, prediction.low, prediction.high), rho_text(prediction.tau)]
    if not _is_printed(prediction.later):
        return cells
    part = prediction.part
    printed = PRINTED.get((part.name, prediction.later)) if part.images == IMAGES[0] else None
    if printed is None:
        return [*cells, "", ""]
    difference = round(prediction.rho - printed, 3) + 0.0  # never -0.000
    return [*cells, rho_text(printed), "-" if math.isnan(difference) else f"{difference:+.3f}"]


def _is_printed(later: str) -> bool:
    return any(state == later for _, state in PRINTED)


def _failures(found: Predictiveness) -> Table:
    rows = tuple(
        (state, f"`{form}`", f"{count:,} of {found.chosen:,}", found.reasons[state, form])
        for (state, form), count in found.failures.items()
    )
    note = "Cells on which the form or one of its components failed."
    return Table("Failures", note, ("state", "form", "cells", "the first because"), rows, prose=True)
