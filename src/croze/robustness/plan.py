"""From attacks, sizes and corruptions to the conditions of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from croze.corruptions import FrostTextures, parse_corruptions
from croze.data.dataset import Indices
from croze.errors import CrozeError
from croze.perturb.epsilon import check_epsilon, parse_epsilon
from croze.robustness.attacks import Attack, TrainingBatches, find_attack, find_attacks
from croze.robustness.conditions import UNBOUNDED, Attacked, Clean, Condition, Corrupted, Published

Attacks = str | Attack | Sequence[str | Attack] | None
Sizes = str | float | Sequence[float] | None

NONE = "none"
CHECK = "pgd(steps=50)"
"""What looks for signs of masked gradients without a bound."""
CHECKED_IMAGES = 50


@dataclass(frozen=True)
class Plan:
    """Conditions, each once and `clean` first, and how many images those see that do not see all."""

    conditions: list[Condition]
    limits: Mapping[str, int]


def plan_evaluation(
    attacks: Attacks,
    epsilon: Sizes,
    epsilon_l2: Sizes = None,
    limits: Sequence[str] | Mapping[str, int] = (),
    corruptions: str | None = None,
    frost: FrostTextures | None = None,
) -> Plan:
    """The conditions that attacks, sizes and corruptions make; None or `none` for none.

    Every attack runs at every size of the norms it is defined in. Where there are attacks in l-inf, one
    without a bound on a few images looks for masked gradients. A limit is so many images for an attack, by
    its full name or its name alone, for `corruptions`, or one of them; as text `ATTACK=N`.

    Raises:
        CrozeError: for what cannot be read, an attack without a size in its norms, or a limit of nothing.
    """
    chosen = [] if attacks in (None, NONE) else find_attacks(attacks)
    sizes = {"linf": _sizes(epsilon, "linf"), "l2": _sizes(epsilon_l2, "l2")}
    corrupted = [] if corruptions in (None, NONE) else parse_corruptions(str(corruptions))
    conditions: list[Condition] = [Clean(), *(Corrupted(one, frost) for one in corrupted)]
    for attack in chosen:
        own = [Attacked(attack, e, norm) for norm in attack.norms for e in sizes[norm]]
        if not own:
            names = " or ".join("epsilon" if norm == "linf" else "epsilon_l2" for norm in attack.norms)
            raise CrozeError(f"Attack {attack.spec} has no size: give one as {names}.")
        conditions += own
    found = _limits(limits, conditions)
    if any(isinstance(condition, Attacked) and condition.norm == "linf" for condition in conditions):
        check = Attacked(find_attack(CHECK), UNBOUNDED)
        if check.key not in {condition.key for condition in conditions}:
            conditions.append(check)
            found[check.key] = CHECKED_IMAGES
    keys = [condition.key for condition in conditions]
    for key in keys:
        if keys.count(key) > 1:
            raise CrozeError(f"{key} is named twice; name each one once.")
    return Plan(conditions, found)


def is_bounded(condition: Attacked) -> bool:
    """Whether its epsilon limits anything; that of the check for masked gradients does not."""
    return condition.epsilon < UNBOUNDED or condition.norm != "linf"


def has_all_corruptions(conditions: Sequence[Condition]) -> bool:
    """Whether all 15 are among the conditions at all 5 severities, made here or read."""
    found = {condition.corruption for condition in conditions if isinstance(condition, Corrupted | Published)}
    return found == set(parse_corruptions("all"))


def from_set(plan: Plan, folder: Path, rows: Indices, labels: Indices) -> Plan:
    """The plan with corruptions read from a folder in CIFAR-10-C's layout in place of those made here.

    `rows` are the images of the test set that the images of the evaluation are, with these labels; CrozeError
    when the folder has not these images.
    """
    keys: dict[str, str] = {}
    conditions: list[Condition] = []
    for condition in plan.conditions:
        if isinstance(condition, Corrupted):
            published = Published.of(condition.corruption, folder, rows, labels)
            keys[condition.key] = published.key
            conditions.append(published)
        else:
            conditions.append(condition)
    return Plan(conditions, {keys.get(key, key): count for key, count in plan.limits.items()})


def prepare(
    plan: Plan, model: nn.Module, batches: Callable[[], TrainingBatches], seed: int, folder: Path
) -> Plan:
    """The plan with attacks that have seen the training data they need; `batches` is asked only then."""
    conditions: list[Condition] = []
    ready: dict[str, Attacked] = {}
    for condition in plan.conditions:
        if isinstance(condition, Attacked) and condition.attack.needs_training:
            spec = condition.attack.spec
            if spec not in ready:
                attack = condition.attack.prepare(model, batches(), seed=seed, folder=folder / "lgv")
                ready[spec] = replace(condition, attack=attack)
            condition = replace(condition, attack=ready[spec].attack)
        conditions.append(condition)
    return Plan(conditions, plan.limits)


def _sizes(sizes: Sizes, norm: str) -> list[float]:
    if sizes is None or sizes == NONE:
        return []
    if isinstance(sizes, str):
        return [parse_epsilon(part, norm, zero=True) for part in sizes.split(",")]
    several = [sizes] if isinstance(sizes, int | float) else sizes
    return [check_epsilon(float(size), norm, zero=True) for size in several]


def _limits(limits: Sequence[str] | Mapping[str, int], conditions: Sequence[Condition]) -> dict[str, int]:
    if isinstance(limits, Mapping):
        limits = [f"{name}={number}" for name, number in limits.items()]
    found: dict[str, int] = {}
    for text in limits:
        name, _, number = text.rpartition("=")
        if not number.isdecimal() or int(number) < 1:
            raise CrozeError(
                f"A limit is ATTACK=N or corruptions=N, N being a number of images above 0, got {text!r}."
            )
        keys = [t.key for t in conditions if name in _names(t)]
        if not keys:
            raise CrozeError(f"The limit of {name!r} is for none of the attacks and corruptions.")
        found |= dict.fromkeys(keys, int(number))
    return found


def _names(condition: Condition) -> tuple[str, ...]:
    """What a limit may call it."""
    if isinstance(condition, Attacked):
        return condition.attack.name, condition.attack.spec
    if isinstance(condition, Corrupted):
        return "corruptions", condition.corruption.name, str(condition.corruption)
    return ()
