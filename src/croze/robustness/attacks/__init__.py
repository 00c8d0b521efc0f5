"""Attacks on trained classifiers: found by name in `ATTACKS`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from croze.errors import CrozeError
from croze.notation import Item, parse_items
from croze.robustness.attacks.autoattack import ApgdCe, ApgdT, AutoAttack, FabT, Square
from croze.robustness.attacks.base import Adversarial, Attack, MinimalNorm, TrainingBatches
from croze.robustness.attacks.carlini_wagner import CarliniWagner, CarliniWagnerL2
from croze.robustness.attacks.deepfool import DeepFool
from croze.robustness.attacks.lgv import LGV
from croze.robustness.attacks.pgd import FGSM, PGD
from croze.robustness.attacks.spsa import SPSA

__all__ = [
    "ATTACKS",
    "Adversarial",
    "Attack",
    "MinimalNorm",
    "TrainingBatches",
    "find_attack",
    "find_attacks",
]

ATTACKS: Mapping[str, type[Attack]] = {
    kind.name: kind
    for kind in (
        FGSM,
        PGD,
        CarliniWagner,
        CarliniWagnerL2,
        DeepFool,
        SPSA,
        LGV,
        ApgdCe,
        ApgdT,
        FabT,
        Square,
        AutoAttack,
    )
}
"""Every attack by name."""


def find_attacks(attacks: str | Attack | Sequence[str | Attack]) -> list[Attack]:
    """Attacks as values.

    Args:
        attacks: a list as text, such as `pgd(steps=50),fgsm`, an attack, or several of either.

    Raises:
        CrozeError: for a list that cannot be read, an unknown name or argument, or an attack that stands
            there twice.
    """
    found: list[Attack] = []
    for one in [attacks] if isinstance(attacks, str | Attack) else attacks:
        found += [one] if isinstance(one, Attack) else [_attack(item) for item in parse_items(one)]
    for attack in found:
        if found.count(attack) > 1:
            raise CrozeError(f"Attack {attack.spec} is named twice; name each one once.")
    return found


def _attack(item: Item) -> Attack:
    if item.name not in ATTACKS:
        raise CrozeError(f"Unknown attack {item.name!r}; the known ones are {', '.join(ATTACKS)}.")
    return ATTACKS[item.name].from_arguments(item.arguments())


def find_attack(text: str) -> Attack:
    """The one attack that the text names.

    Raises:
        CrozeError: as `find_attacks`, or when it names several.
    """
    attacks = find_attacks(text)
    if len(attacks) != 1:
        raise CrozeError(f"Expected one attack, got {len(attacks)} in {text!r}.")
    return attacks[0]
