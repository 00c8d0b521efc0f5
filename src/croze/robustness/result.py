"""What an evaluation comes to, as data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croze.data import Dataset
from croze.errors import CrozeError
from croze.perturb.epsilon import write_epsilon
from croze.robustness.evaluate import Result
from croze.robustness.masking import UNBOUNDED, masking_signs
from croze.robustness.metrics import (
    Accuracies,
    CorruptionMetrics,
    corruption_metrics,
    harmonic_robustness,
    per_class,
    wilson,
    worst_case,
)
from croze.robustness.plan import has_all_corruptions
from croze.robustness.trials import Attacked, Corrupted, Published, Trial

SEVERITY = "severity"


@dataclass(frozen=True)
class Row:
    """One trial.

    Attributes:
        what: clean, the attack or the corruption.
        size: norm and epsilon; the severity of a corruption; empty for clean.
        images: on how many.
        accuracy: in [0, 1], with Wilson's 95% interval.
        hrs: with the clean accuracy of the same images; None for clean and corruptions.
        per_class: accuracy of each class.
        seconds, forwards, backwards: what it took; the latter two in passes an image.
    """

    what: str
    size: str
    images: int
    accuracy: float
    interval: tuple[float, float]
    hrs: float | None
    per_class: tuple[float | None, ...]
    seconds: float
    forwards: float
    backwards: float


@dataclass(frozen=True)
class Summary:
    """All of an evaluation.

    Attributes:
        rows: by trial.
        worst: for each norm and epsilon with several attacks: accuracy against all of them together, and on
            how many images.
        average: for each norm and epsilon: mean accuracy over the attacks without clean, which is "Avg." of
            the paper's Table 4, and on how many images: those that all of them saw.
        corruptions: their figures; None where none were run.
        table3: clean, CC, FGSM at l-inf 8/255, HRS of the two and "Avg." of these four, as the paper's Tables
            3 and 5, and on how many images; None unless all corruptions and that FGSM were run.
        signs: of masked gradients.
    """

    rows: tuple[Row, ...]
    worst: Mapping[str, tuple[float, int]]
    average: Mapping[str, tuple[float, int]]
    corruptions: CorruptionMetrics | None
    table3: tuple[Mapping[str, float], int] | None
    signs: tuple[str, ...]

    @property
    def under_attack(self) -> tuple[Row, ...]:
        """Clean and the attacks: what goes into the table row by row."""
        return tuple(row for row in self.rows if not row.size.startswith(SEVERITY))

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; accuracies are shares."""
        return {
            "trials": [
                {
                    "what": row.what,
                    "size": row.size,
                    "images": row.images,
                    "accuracy": row.accuracy,
                    "wilson95": list(row.interval),
                    "hrs": row.hrs,
                    "per_class": list(row.per_class),
                    "seconds": row.seconds,
                    "forwards_per_image": row.forwards,
                    "backwards_per_image": row.backwards,
                }
                for row in self.rows
            ],
            "worst_case": {
                size: {"accuracy": value, "images": images} for size, (value, images) in self.worst.items()
            },
            "average_over_attacks": {
                size: {"accuracy": value, "images": images} for size, (value, images) in self.average.items()
            },
            "corruptions": None if self.corruptions is None else self.corruptions.to_json(),
            "table3": None if self.table3 is None else {**self.table3[0], "images": self.table3[1]},
            "signs_of_masking": list(self.signs),
        }


def summarise(
    trials: Sequence[Trial],
    results: Mapping[str, Result],
    dataset: Dataset,
    reference: Accuracies | None = None,
    reference_name: str = "",
) -> Summary:
    """The figures of an evaluation; the trial `clean` has to be among them.

    Args:
        reference, reference_name: what mCE relates errors to, see `corruption_metrics`.
    """
    clean = results["clean"].correct
    rows = []
    corrupted: dict[str, dict[int, float]] = {}
    by_size: dict[str, list[Result]] = {}
    for trial in trials:
        found = results[trial.key]
        count = len(found.correct)
        what, size, hrs = trial.key, "", None
        if isinstance(trial, Attacked):
            what, size = trial.attack.spec, f"{trial.norm} {write_epsilon(trial.epsilon)}"
            hrs = harmonic_robustness(float(clean[:count].mean()), found.accuracy)
            if trial.epsilon < UNBOUNDED or trial.norm != "linf":
                by_size.setdefault(size, []).append(found)
        elif isinstance(trial, Corrupted | Published):
            name, severity = trial.corruption.name, trial.corruption.severity
            what, size = name, f"{SEVERITY} {severity}"
            corrupted.setdefault(name, {})[severity] = found.accuracy
        rows.append(
            Row(
                what,
                size,
                count,
                found.accuracy,
                wilson(int(found.correct.sum()), count),
                hrs,
                per_class(found.correct, dataset.labels, dataset.classes),
                found.seconds,
                found.forwards / count,
                found.backwards / count,
            )
        )
    worst, average = {}, {}
    for size, all_of_it in by_size.items():
        shared = min(len(one.correct) for one in all_of_it)
        means = [float(one.correct[:shared].mean()) for one in all_of_it]
        average[size] = sum(means) / len(means), shared
        if len(all_of_it) > 1:
            together = worst_case([one.correct for one in all_of_it])
            worst[size] = float(together.mean()), len(together)
    return Summary(
        tuple(rows),
        worst,
        average,
        corruption_metrics(corrupted, reference, reference_name) if corrupted else None,
        _table3(trials, results),
        tuple(masking_signs(list(trials), {key: result.correct for key, result in results.items()})),
    )


def _table3(trials: Sequence[Trial], results: Mapping[str, Result]) -> tuple[Mapping[str, float], int] | None:
    """On the images that all of them saw."""
    corrupted = [trial for trial in trials if isinstance(trial, Corrupted | Published)]
    fgsm = next(
        (
            trial
            for trial in trials
            if isinstance(trial, Attacked)
            and (trial.attack.spec, trial.norm) == ("fgsm", "linf")
            and math.isclose(trial.epsilon, 8 / 255)
        ),
        None,
    )
    if fgsm is None or not has_all_corruptions(trials):
        return None
    shared = min(len(results[trial.key].correct) for trial in (fgsm, *corrupted))

    def accuracy(key: str) -> float:
        return float(results[key].correct[:shared].mean())

    clean, robust = accuracy("clean"), accuracy(fgsm.key)
    found = {
        "clean": clean,
        "cc": sum(accuracy(trial.key) for trial in corrupted) / len(corrupted),
        "fgsm": robust,
        "hrs": harmonic_robustness(clean, robust),
    }
    return found | {"avg": sum(found.values()) / len(found)}, shared


def accuracies_of(path: Path) -> Accuracies:
    """The accuracies under corruptions of an `evaluation.json`.

    Raises:
        CrozeError: when it cannot be read or has none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["corruptions"]["accuracies"]
        return {
            str(name): {int(severity): float(value) for severity, value in row.items()}
            for name, row in found.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CrozeError(
            f"{path} holds no accuracies under corruptions ({problem}): name an evaluation.json of "
            "`croze evaluate --corruptions all`."
        ) from None
