"""Metrics of an evaluation: pure functions of accuracies and of counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from croze.corruptions import CORRUPTIONS, GROUPS, SEVERITIES
from croze.errors import CrozeError
from croze.files import Share


def harmonic_robustness(clean: float, robust: float) -> float:
    """HRS: the harmonic mean of clean and robust accuracy (Devaguptapu et al. 2021, as Table 1 of CRoZe).

    Both in [0, 1], and so is the result; 0 where both are.
    """
    return 0.0 if clean + robust == 0 else 2 * clean * robust / (clean + robust)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95% score interval of a share (Wilson 1927).

    Raises:
        CrozeError: without trials.
    """
    if trials < 1:
        raise CrozeError("An interval needs at least one image, got none.")
    interval = binomtest(successes, trials).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def per_class(
    correct: NDArray[np.bool_], labels: NDArray[np.int64], classes: int
) -> tuple[float | None, ...]:
    """Accuracy of each class over the first `len(correct)` images; None for a class without any."""
    labels = labels[: len(correct)]
    found = []
    for label in range(classes):
        members = correct[labels == label]
        found.append(float(members.mean()) if len(members) else None)
    return tuple(found)


def worst_case(results: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Which images withstand every attack that saw them, bool `(n,)` for the most images that one saw."""
    withstood = np.ones(max(map(len, results)), dtype=np.bool_)
    for correct in results:
        withstood[: len(correct)] &= correct
    return withstood


Accuracies = Mapping[str, Mapping[int, float]]
"""By corruption and severity, in [0, 1]."""


class MetricsContent(TypedDict):
    """What `CorruptionMetrics.to_json` writes; severities are the texts 1 to 5."""

    accuracies: dict[str, dict[Literal["1", "2", "3", "4", "5"], Share]]
    by_corruption: dict[str, Share]
    by_group: dict[str, Share]
    mean: Share | None
    mce: float | None
    mce_reference: str


@dataclass(frozen=True)
class CorruptionMetrics:
    """What the corruptions of an evaluation come to.

    Attributes:
        accuracies: of every corruption and severity that was run.
        by_corruption: mean over the severities that were run.
        by_group: of the usual groups that are complete, the mean over their corruptions.
        mean: over all corruptions ("CC" of the paper's tables); None unless all 75 were run.
        mce: mean corruption error, in [0, 1] without a reference; None unless all 75 were run.
        reference: what the errors were divided by; empty for nothing.
    """

    accuracies: Accuracies
    by_corruption: Mapping[str, float]
    by_group: Mapping[str, float]
    mean: float | None
    mce: float | None
    reference: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "accuracies": {
                name: {str(severity): value for severity, value in row.items()}
                for name, row in self.accuracies.items()
            },
            "by_corruption": dict(self.by_corruption),
            "by_group": dict(self.by_group),
            "mean": self.mean,
            "mce": self.mce,
            "mce_reference": self.reference,
        }

    @classmethod
    def from_json(cls, content: MetricsContent) -> CorruptionMetrics:
        """The metrics that `to_json` described; raises CrozeError where they do not go together."""
        named = content["accuracies"]
        if not all(named.values()) or not named.keys() == content["by_corruption"].keys() <= set(CORRUPTIONS):
            raise CrozeError(
                "corruptions must have accuracies by severity and a mean, each under a known name"
            )
        return cls(
            {
                name: {int(severity): value for severity, value in row.items()}
                for name, row in content["accuracies"].items()
            },
            content["by_corruption"],
            content["by_group"],
            content["mean"],
            content["mce"],
            content["mce_reference"],
        )


def corruption_metrics(
    accuracies: Accuracies, reference: Accuracies | None = None, reference_name: str = ""
) -> CorruptionMetrics:
    """Means over severities, groups and everything.

    Without a reference (the accuracies of another network) mCE is the mean error over corruptions and
    severities, as is usual for CIFAR-10-C (Hendrycks et al. 2020, AugMix, section 4.1); with one, the mean
    over corruptions of the ratio of the summed errors, as for ImageNet-C (Hendrycks & Dietterich 2019,
    section 4.3).

    Raises:
        CrozeError: when the reference lacks one, or makes no error on one.
    """
    by_corruption = {name: _mean(list(row.values())) for name, row in accuracies.items()}
    complete = all(len(accuracies.get(name, {})) == len(SEVERITIES) for name in CORRUPTIONS)
    mce = None
    if complete and reference is None:
        mce = 1 - _mean(list(by_corruption.values()))
    elif complete and reference is not None:
        mce = _mean([_ratio(name, accuracies[name], reference) for name in CORRUPTIONS])
    return CorruptionMetrics(
        accuracies,
        by_corruption,
        {
            group: _mean([by_corruption[name] for name in members])
            for group, members in GROUPS.items()
            if all(len(accuracies.get(name, {})) == len(SEVERITIES) for name in members)
        },
        _mean(list(by_corruption.values())) if complete else None,
        mce,
        reference_name if mce is not None else "",
    )


def _ratio(name: str, row: Mapping[int, float], reference: Accuracies) -> float:
    other = reference.get(name, {})
    if any(severity not in other for severity in row):
        raise CrozeError(
            f"The reference of mCE has no accuracy under {name}: evaluate it on all corruptions."
        )
    errors = sum(1 - other[severity] for severity in row)
    if errors == 0:
        raise CrozeError(f"The reference of mCE makes no error under {name}: choose a weaker one.")
    return sum(1 - value for value in row.values()) / errors


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
