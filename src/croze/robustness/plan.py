"""From attacks, sizes and corruptions to the trials of an evaluation."""

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
from croze.robustness.masking import UNBOUNDED
from croze.robustness.trials import Attacked, Clean, Corrupted, Published, Trial

Attacks = str | Attack | Sequence[str | Attack] | None
Sizes = str | float | Sequence[float] | None

NONE = "none"
CHECK = "pgd(steps=50)"
"""What looks for signs of masked gradients without a bound."""
CHECKED_IMAGES = 50


@dataclass(frozen=True)
class Plan:
    """Trials, each once and `clean` first, and how many images those see that do not see all."""

    trials: list[Trial]
    limits: Mapping[str, int]


def plan_trials(
    attacks: Attacks,
    epsilon: Sizes,
    epsilon_l2: Sizes = None,
    limits: Sequence[str] | Mapping[str, int] = (),
    corruptions: str | None = None,
    frost: FrostTextures | None = None,
) -> Plan:
    """The trials that attacks, sizes and corruptions make.

    Every attack runs at every size of the norms it is defined in. Where there are attacks in l-inf, one
    without a bound on a few images looks for masked gradients.

    Args:
        attacks: as `find_attacks`; None or `none` for none.
        epsilon, epsilon_l2: sizes, as numbers or as text, comma-separated; None or `none` for none.
        limits: so many images for an attack, by its full name or its name alone; for `corruptions`, or one of
            them by name. As text `ATTACK=N`.
        corruptions: as `parse_corruptions`; None or `none` for none.
        frost: textures of one's own.

    Raises:
        CrozeError: for what cannot be read, an attack without a size in its norms, or a limit of nothing.
    """
    chosen = [] if attacks in (None, NONE) else find_attacks(attacks)
    sizes = {"linf": _sizes(epsilon, "linf"), "l2": _sizes(epsilon_l2, "l2")}
    corrupted = [] if corruptions in (None, NONE) else parse_corruptions(str(corruptions))
    trials: list[Trial] = [Clean(), *(Corrupted(one, frost) for one in corrupted)]
    for attack in chosen:
        own = [Attacked(attack, e, norm) for norm in attack.norms for e in sizes[norm]]
        if not own:
            names = " or ".join("epsilon" if norm == "linf" else "epsilon_l2" for norm in attack.norms)
            raise CrozeError(f"Attack {attack.spec} has no size: give one as {names}.")
        trials += own
    found = _limits(limits, trials)
    if any(isinstance(trial, Attacked) and trial.norm == "linf" for trial in trials):
        check = Attacked(find_attack(CHECK), UNBOUNDED)
        if check.key not in {trial.key for trial in trials}:
            trials.append(check)
            found[check.key] = CHECKED_IMAGES
    keys = [trial.key for trial in trials]
    for key in keys:
        if keys.count(key) > 1:
            raise CrozeError(f"{key} is named twice; name each one once.")
    return Plan(trials, found)


def has_all_corruptions(trials: Sequence[Trial]) -> bool:
    """Whether all 15 are among the trials at all 5 severities, made here or read."""
    found = {trial.corruption for trial in trials if isinstance(trial, Corrupted | Published)}
    return found == set(parse_corruptions("all"))


def from_set(plan: Plan, folder: Path, rows: Indices, labels: Indices) -> Plan:
    """The plan with corruptions read from a folder in CIFAR-10-C's layout in place of those made here.

    Args:
        plan: with corruptions.
        folder: of the set.
        rows: int64 `(n,)`, the image of the test set that each image of the evaluation is.
        labels: of these images, `(n,)`.

    Raises:
        CrozeError: when the folder has not these images.
    """
    keys: dict[str, str] = {}
    trials: list[Trial] = []
    for trial in plan.trials:
        if isinstance(trial, Corrupted):
            published = Published.of(trial.corruption, folder, rows, labels)
            keys[trial.key] = published.key
            trials.append(published)
        else:
            trials.append(trial)
    return Plan(trials, {keys.get(key, key): count for key, count in plan.limits.items()})


def prepare(
    plan: Plan, model: nn.Module, batches: Callable[[], TrainingBatches], seed: int, folder: Path
) -> Plan:
    """The plan with attacks that have seen the training data they need; `batches` is asked only then."""
    trials: list[Trial] = []
    ready: dict[str, Attacked] = {}
    for trial in plan.trials:
        if isinstance(trial, Attacked) and trial.attack.needs_training:
            spec = trial.attack.spec
            if spec not in ready:
                attack = trial.attack.prepare(model, batches(), seed=seed, folder=folder / "lgv")
                ready[spec] = replace(trial, attack=attack)
            trial = replace(trial, attack=ready[spec].attack)
        trials.append(trial)
    return Plan(trials, plan.limits)


def _sizes(sizes: Sizes, norm: str) -> list[float]:
    if sizes is None or sizes == NONE:
        return []
    if isinstance(sizes, str):
        return [parse_epsilon(part, norm) for part in sizes.split(",")]
    return [
        check_epsilon(float(size), norm) for size in ([sizes] if isinstance(sizes, int | float) else sizes)
    ]


def _limits(limits: Sequence[str] | Mapping[str, int], trials: Sequence[Trial]) -> dict[str, int]:
    if isinstance(limits, Mapping):
        limits = [f"{name}={number}" for name, number in limits.items()]
    found: dict[str, int] = {}
    for text in limits:
        name, _, number = text.rpartition("=")
        if not number.isdecimal() or int(number) < 1:
            raise CrozeError(
                f"A limit is ATTACK=N or corruptions=N, N being a number of images above 0, got {text!r}."
            )
        keys = [t.key for t in trials if name in _names(t)]
        if not keys:
            raise CrozeError(f"The limit of {name!r} is for none of the attacks and corruptions.")
        found |= dict.fromkeys(keys, int(number))
    return found


def _names(trial: Trial) -> tuple[str, ...]:
    """What a limit may call it."""
    if isinstance(trial, Attacked):
        return trial.attack.name, trial.attack.spec
    if isinstance(trial, Corrupted):
        return "corruptions", trial.corruption.name, str(trial.corruption)
    return ()
