"""What an evaluation comes to, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from croze.data import Dataset
from croze.errors import CrozeError
from croze.files import Count, Share, shaped
from croze.perturb.epsilon import write_epsilon
from croze.robustness.attacks.pgd import PGD
from croze.robustness.conditions import IN_8_BITS, Attacked, Condition, Corrupted, Published
from croze.robustness.evaluate import Result
from croze.robustness.metrics import (
    Accuracies,
    CorruptionMetrics,
    MetricsContent,
    corruption_metrics,
    harmonic_robustness,
    per_class,
    wilson,
    worst_case,
)
from croze.robustness.plan import has_all_corruptions, is_bounded

SEVERITY = "severity"


@dataclass(frozen=True)
class Row:
    """One condition.

    Attributes:
        what: clean, the attack or the corruption.
        size: norm and epsilon; the severity of a corruption; empty for clean.
        images: on how many.
        not_finite: of them with logits that are not all finite; they count as wrong.
        accuracy: in [0, 1].
        wilson95: Wilson's 95% interval of it.
        hrs: harmonic mean with the clean accuracy of the same images; None for clean and corruptions.
        per_class: accuracy of each class; None without an image of it.
        seconds: what it took.
        forwards_per_image, backwards_per_image: passes.
        accuracy_in_8_bits: on the same images rounded to 8 bits; None where they were not saved.
    """

    what: str
    size: str
    images: Count
    not_finite: Count
    accuracy: Share
    wilson95: tuple[Share, Share]
    hrs: Share | None
    per_class: tuple[Share | None, ...]
    seconds: float
    forwards_per_image: float
    backwards_per_image: float
    accuracy_in_8_bits: float | None = None

    @property
    def name(self) -> str:
        """What and size."""
        return f"{self.what} {self.size}".strip()


@dataclass(frozen=True)
class Mean:
    """An accuracy over several attacks, on so many images; with Wilson's 95% interval where it is a share."""

    accuracy: Share
    images: Count
    wilson95: tuple[Share, Share] | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        interval = self.wilson95
        return {**asdict(self), "wilson95": None if interval is None else list(interval)}


class Table3(TypedDict):
    """The columns of the paper's Tables 3 and 5."""

    clean: Share
    cc: Share
    fgsm: Share
    hrs: Share
    avg: Share
    images: Count


class Content(TypedDict):
    """What `Summary.to_json` writes."""

    conditions: list[Row]
    worst_case: dict[str, Mean]
    average_over_attacks: dict[str, Mean]
    corruptions: MetricsContent | None
    table3: Table3 | None
    signs_of_masking: list[str]


@dataclass(frozen=True)
class Summary:
    """All of an evaluation.

    Attributes:
        conditions: a row each.
        worst_case: for each norm and epsilon with several attacks: the share of images that withstand every
            attack that saw them.
        average_over_attacks: for each norm and epsilon: mean accuracy over the attacks without clean, on the
            images that all of them saw, which is "Avg." of the paper's Table 4.
        corruptions: their metrics; None where none were run.
        table3: clean, CC, FGSM at l-inf 8/255, HRS of the two and "Avg." of these four, as the paper's Tables
            3 and 5, and the number of `images`; None unless all corruptions and that FGSM were run.
        signs_of_masking: sentences on masked gradients.
    """

    conditions: tuple[Row, ...]
    worst_case: Mapping[str, Mean]
    average_over_attacks: Mapping[str, Mean]
    corruptions: CorruptionMetrics | None
    table3: Table3 | None
    signs_of_masking: tuple[str, ...]

    @property
    def under_attack(self) -> tuple[Row, ...]:
        """Clean and the attacks."""
        return tuple(row for row in self.conditions if not row.size.startswith(SEVERITY))

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; `from_json` gives an equal summary back."""
        return {
            "conditions": [
                {**asdict(row), "wilson95": list(row.wilson95), "per_class": list(row.per_class)}
                for row in self.conditions
            ],
            "worst_case": {size: mean.to_json() for size, mean in self.worst_case.items()},
            "average_over_attacks": {size: m.to_json() for size, m in self.average_over_attacks.items()},
            "corruptions": None if self.corruptions is None else self.corruptions.to_json(),
            "table3": self.table3,
            "signs_of_masking": list(self.signs_of_masking),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Summary:
        """The summary that `to_json` described; raises CrozeError where this is none."""
        known: Content = shaped(content, Content)
        if not known["conditions"] or known["conditions"][0].what != "clean":
            raise CrozeError("its first condition must be the clean images")
        corruptions = known["corruptions"]
        return cls(
            tuple(known["conditions"]),
            known["worst_case"],
            known["average_over_attacks"],
            None if corruptions is None else CorruptionMetrics.from_json(corruptions),
            known["table3"],
            tuple(known["signs_of_masking"]),
        )


def summarise(
    conditions: Sequence[Condition],
    results: Mapping[str, Result],
    dataset: Dataset,
    reference: Accuracies | None = None,
    reference_name: str = "",
) -> Summary:
    """The metrics of an evaluation, `clean` among its conditions; `reference` as of `corruption_metrics`."""
    clean = results["clean"].correct
    rows = []
    corrupted: dict[str, dict[int, float]] = {}
    by_size: dict[str, list[Result]] = {}
    for condition in conditions:
        found, rounded = results[condition.key], results.get(f"{condition.key} {IN_8_BITS}")
        count = len(found.correct)
        what, size, hrs = condition.key, "", None
        if isinstance(condition, Attacked):
            what, size = condition.attack.spec, f"{condition.norm} {write_epsilon(condition.epsilon)}"
            hrs = harmonic_robustness(float(clean[:count].mean()), found.accuracy)
            if is_bounded(condition):
                by_size.setdefault(size, []).append(found)
        elif isinstance(condition, Corrupted | Published):
            name, severity = condition.corruption.name, condition.corruption.severity
            what, size = name, f"{SEVERITY} {severity}"
            corrupted.setdefault(name, {})[severity] = found.accuracy
        rows.append(
            Row(
                what,
                size,
                count,
                found.not_finite,
                found.accuracy,
                wilson(int(found.correct.sum()), count),
                hrs,
                per_class(found.correct, dataset.labels, dataset.classes),
                found.seconds,
                found.forwards / count,
                found.backwards / count,
                None if rounded is None else rounded.accuracy,
            )
        )
    worst, average = {}, {}
    for size, all_of_it in by_size.items():
        shared = min(len(one.correct) for one in all_of_it)
        means = [float(one.correct[:shared].mean()) for one in all_of_it]
        average[size] = Mean(sum(means) / len(means), shared)
        if len(all_of_it) > 1:
            together = worst_case([one.correct for one in all_of_it])
            count = len(together)
            worst[size] = Mean(float(together.mean()), count, wilson(int(together.sum()), count))
    return Summary(
        tuple(rows),
        worst,
        average,
        corruption_metrics(corrupted, reference, reference_name) if corrupted else None,
        _table3(conditions, results),
        tuple(masking_signs(list(conditions), {key: result.correct for key, result in results.items()})),
    )


def _table3(conditions: Sequence[Condition], results: Mapping[str, Result]) -> Table3 | None:
    """On the images that all of them saw."""
    corrupted = [condition for condition in conditions if isinstance(condition, Corrupted | Published)]
    fgsm = next(
        (
            condition
            for condition in conditions
            if isinstance(condition, Attacked)
            and (condition.attack.spec, condition.norm) == ("fgsm", "linf")
            and math.isclose(condition.epsilon, 8 / 255)
        ),
        None,
    )
    if fgsm is None or not has_all_corruptions(conditions):
        return None
    shared = min(len(results[condition.key].correct) for condition in (fgsm, *corrupted))

    def accuracy(key: str) -> float:
        return float(results[key].correct[:shared].mean())

    clean, robust = accuracy("clean"), accuracy(fgsm.key)
    cc = sum(accuracy(condition.key) for condition in corrupted) / len(corrupted)
    hrs = harmonic_robustness(clean, robust)
    avg = (clean + cc + robust + hrs) / 4
    return {"clean": clean, "cc": cc, "fgsm": robust, "hrs": hrs, "avg": avg, "images": shared}


_CLEAR = 2.0
"""Standard errors by which a difference has to exceed 0."""


def masking_signs(conditions: list[Condition], correct: Mapping[str, NDArray[np.bool_]]) -> list[str]:
    """A sentence for each sign that gradients are masked; none is no proof of their absence.

    Athalye et al. 2018, section 3.1. Compared are attacks of the same size on the images that both saw, where
    the difference is more than two standard errors.
    """
    attacked = [condition for condition in conditions if isinstance(condition, Attacked)]
    signs = []
    for one in attacked:
        if not is_bounded(one) and one.attack.needs_gradients:
            share = float(correct[one.key].mean())
            if share > 0.01:
                signs.append(
                    f"{one.key} has no bound and still leaves {share:.1%} of the images: gradients do not "
                    "show where the loss rises."
                )
            continue
        for other in attacked:
            same_size = (other.epsilon, other.norm) == (one.epsilon, one.norm)
            if other is one or not same_size or not _better(one, other, correct):
                continue
            a, b = one.attack, other.attack
            if not a.needs_gradients and b.name in ("pgd", "cw", "apgd-ce", "apgd-t"):
                signs.append(f"{one.key} needs no gradients and succeeds more often than {other.key}.")
            if a.name == "fgsm" and b.name == "pgd":
                signs.append(f"{other.key} takes more steps than fgsm and succeeds less often.")
            if isinstance(a, PGD) and isinstance(b, PGD) and a.steps < b.steps:
                signs.append(f"{other.key} takes more steps than {one.key} and succeeds less often.")
    return signs


def _better(one: Attacked, other: Attacked, correct: Mapping[str, NDArray[np.bool_]]) -> bool:
    """Whether the first attack leaves clearly fewer images correct than the second."""
    shared = min(len(correct[one.key]), len(correct[other.key]))
    difference = correct[other.key][:shared].astype(float) - correct[one.key][:shared]
    error = float(difference.std()) / max(1.0, shared**0.5)
    return bool(difference.mean() > max(_CLEAR * error, 0.5 / shared))
