"""The figures of Tables 3 and 4, from the measured columns of a trained network."""

from __future__ import annotations

import math
from collections.abc import Mapping

from croze.corruptions.names import CORRUPTIONS, SEVERITIES
from croze.errors import CrozeError
from croze.pool.work import column_of, is_column
from croze.robustness.metrics import harmonic_robustness
from croze.robustness.plan import Plan
from croze.robustness.trials import Attacked

STANDARD = ("clean", "cc", "fgsm", "hrs")
"""Of Table 3: CC is the mean accuracy over the 15 corruptions and their severities, HRS of clean and FGSM."""

ADVERSARIAL = ("clean", "pgd", "cw", "spsa", "lgv", "autoattack", "avg")
"""Of Table 4: the average is over the five attacks, without clean."""


def attack_columns(plan: Plan) -> dict[str, str]:
    """The measured column of each attack, by the attack's name.

    Raises:
        CrozeError: when an attack is there twice, with other arguments or at another size.
    """
    found: dict[str, str] = {}
    for trial in plan.trials:
        if isinstance(trial, Attacked) and is_column(trial):
            if trial.attack.name in found:
                raise CrozeError(
                    f"A table has one column an attack: name {trial.attack.name} once, at one size."
                )
            found[trial.attack.name] = column_of(trial)
    return found


def figures_of(
    columns: Mapping[str, float], attacks: Mapping[str, str], wanted: tuple[str, ...]
) -> dict[str, float]:
    """The figures that the columns give, in [0, 1]; what lacks a column is not among them.

    Args:
        columns: accuracies as a pool has them.
        attacks: as `attack_columns`.
        wanted: `STANDARD` or `ADVERSARIAL`.
    """
    found = {name: columns[column] for name, column in attacks.items() if column in columns}
    if "clean" in columns:
        found["clean"] = columns["clean"]
    corrupted = [f"{kind}@{severity}" for kind in CORRUPTIONS for severity in SEVERITIES]
    if all(name in columns for name in corrupted):
        found["cc"] = math.fsum(columns[name] for name in corrupted) / len(corrupted)
    if "clean" in found and "fgsm" in found:
        found["hrs"] = harmonic_robustness(found["clean"], found["fgsm"])
    five = [name for name in ADVERSARIAL if name not in ("clean", "avg")]
    if all(name in found for name in five):
        found["avg"] = math.fsum(found[name] for name in five) / len(five)
    return {name: found[name] for name in wanted if name in found}
