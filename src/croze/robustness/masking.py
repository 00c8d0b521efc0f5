"""Signs that gradients are masked, and robust accuracies too high (Athalye et al. 2018, section 3.1)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from croze.robustness.attacks import Attack
from croze.robustness.attacks.pgd import PGD
from croze.robustness.trials import Attacked, Trial

UNBOUNDED = 1.0
"""An l-inf epsilon at which every image can be made to any other."""
_CLEAR = 2.0
"""Standard errors by which a difference has to exceed 0."""


def masking_signs(trials: list[Trial], correct: Mapping[str, NDArray[np.bool_]]) -> list[str]:
    """A sentence for each sign; none is no proof of their absence.

    Compared are attacks of the same size on the images that both saw, where the difference is more than two
    standard errors.

    Args:
        trials: those that were run.
        correct: by key, whether each image withstood.
    """
    attacked = [trial for trial in trials if isinstance(trial, Attacked)]
    signs = []
    for one in attacked:
        if one.epsilon >= UNBOUNDED and one.norm == "linf" and one.attack.needs_gradients:
            share = float(correct[one.key].mean())
            if share > 0.01:
                signs.append(
                    f"{one.key} has no bound and still leaves {share:.1%} of the images: gradients do not "
                    "show where the loss rises."
                )
            continue
        for other in attacked:
            if (other.epsilon, other.norm) != (one.epsilon, one.norm) or other is one:
                continue
            if not one.attack.needs_gradients and _white(other.attack) and _better(one, other, correct):
                signs.append(f"{one.key} needs no gradients and succeeds more often than {other.key}.")
            if one.attack.name == "fgsm" and other.attack.name == "pgd" and _better(one, other, correct):
                signs.append(f"{other.key} takes more steps than fgsm and succeeds less often.")
            if _fewer_steps(one.attack, other.attack) and _better(one, other, correct):
                signs.append(f"{other.key} takes more steps than {one.key} and succeeds less often.")
    return signs


def _fewer_steps(one: Attack, other: Attack) -> bool:
    return isinstance(one, PGD) and isinstance(other, PGD) and one.steps < other.steps


def _white(attack: Attack) -> bool:
    return attack.needs_gradients and attack.name in ("pgd", "cw", "apgd-ce", "apgd-t")


def _better(one: Attacked, other: Attacked, correct: Mapping[str, NDArray[np.bool_]]) -> bool:
    """Whether the first attack leaves clearly fewer images correct than the second."""
    shared = min(len(correct[one.key]), len(correct[other.key]))
    difference = correct[other.key][:shared].astype(float) - correct[one.key][:shared]
    error = float(difference.std()) / max(1.0, shared**0.5)
    return bool(difference.mean() > max(_CLEAR * error, 0.5 / shared))
