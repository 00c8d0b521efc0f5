"""Rows and columns of Tables 3 and 4: methods that search, and cells that others published."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from croze.corruptions.names import CORRUPTIONS, SEVERITIES
from croze.errors import CrozeError
from croze.pool import MemberResult
from croze.pool.run import column_of, is_column
from croze.robustness.conditions import Attacked
from croze.robustness.metrics import harmonic_robustness
from croze.robustness.plan import Plan
from croze.searching.run import SearchRun
from croze.spaces.genotypes import find, lookup

STANDARD = ("clean", "cc", "fgsm", "hrs")
"""Columns of Table 3: CC is the mean accuracy over the 15 corruptions and their severities, HRS of clean and
FGSM."""

ADVERSARIAL = ("clean", "pgd", "cw", "spsa", "lgv", "autoattack", "avg")
"""Columns of Table 4: the average is over the five attacks, without clean."""

PRINTED_METHODS: Mapping[str, str] = {
    "croze-official": "CRoZe",
    "gradnorm": "GradNorm",
    "synflow": "SynFlow",
}
"""The printed row of what searches; the printed CRoZe is what the released code computes."""

PRINTED_CELLS: Mapping[str, str] = {
    "PC-DARTS-CIFAR": "PC-DARTS",
    "DrNAS-CIFAR": "DrNAS",
    "RobNet-free": "RobNet",
    "AdvRush": "AdvRush",
    "CRoZe-CIFAR10": "CRoZe",
    "CRoZe-CIFAR100": "CRoZe",
}
"""The printed row of a published cell."""


def attack_columns(plan: Plan) -> dict[str, str]:
    """The measured column of each attack by its name; CrozeError for an attack that is there twice."""
    found: dict[str, str] = {}
    for condition in plan.conditions:
        if isinstance(condition, Attacked) and is_column(condition):
            if condition.attack.name in found:
                raise CrozeError(
                    f"A table has one column an attack: name {condition.attack.name} once, at one size."
                )
            found[condition.attack.name] = column_of(condition)
    return found


def values_of(
    measured: Mapping[str, float], attacks: Mapping[str, str], wanted: Sequence[str]
) -> dict[str, float]:
    """The columns `wanted` of a table, in [0, 1], from what a pool measured; others are not among them."""
    found = {name: measured[column] for name, column in attacks.items() if column in measured}
    if "clean" in measured:
        found["clean"] = measured["clean"]
    corrupted = [f"{kind}@{severity}" for kind in CORRUPTIONS for severity in SEVERITIES]
    if all(name in measured for name in corrupted):
        found["cc"] = math.fsum(measured[name] for name in corrupted) / len(corrupted)
    if "clean" in found and "fgsm" in found:
        found["hrs"] = harmonic_robustness(found["clean"], found["fgsm"])
    five = [name for name in ADVERSARIAL if name not in ("clean", "avg")]
    if all(name in found for name in five):
        found["avg"] = math.fsum(found[name] for name in five) / len(five)
    return {name: found[name] for name in wanted if name in found}


@dataclass(frozen=True)
class Spread:
    """Mean over n repetitions, and the sample's deviation; None for fewer than two."""

    mean: float
    deviation: float | None
    n: int


def spread(values: Sequence[float]) -> Spread | None:
    """Mean and sample standard deviation; None of no values. CrozeError for one that is not finite."""
    if not values:
        return None
    if not all(map(math.isfinite, values)):
        raise CrozeError(f"Repetitions must have finite values, got {', '.join(map(str, values))}.")
    mean = math.fsum(values) / len(values)
    return Spread(mean, statistics.stdev(values) if len(values) > 1 else None, len(values))


@dataclass(frozen=True)
class Repetition:
    """A network that was trained with its seed, and the search that found it; None for a published cell.

    The architecture is empty when the search found none; `failed` says why there are no values; `images` are
    the fewest and the most test images that a measured column rests on.
    """

    seed: int
    architecture: str
    params: int | None
    live_params: int | None
    values: Mapping[str, float]
    failed: str = ""
    images: tuple[int, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    search: SearchRun | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        found = self.search
        searched = None
        if found is not None:
            searched = {
                "score": found.best.score if found.best else None,
                "candidates": len(found.candidates),
                "failed": sum(found.reasons.values()),
                "reasons": dict(found.reasons),
                "ended": found.ended,
                "seconds": found.device_seconds,
            }
        return {**vars(self), "search": searched}


@dataclass(frozen=True)
class Row:
    """A method that searches, or a published cell, its printed row (empty for none), and its runs by seed."""

    name: str
    searched: bool
    paper: str
    runs: tuple[Repetition, ...]

    def value(self, name: str) -> Spread | None:
        """Over the repetitions that have this value; None when none has."""
        return spread([run.values[name] for run in self.runs if name in run.values])

    @property
    def params(self) -> Spread | None:
        """Over the repetitions with a network."""
        return spread([float(run.params) for run in self.runs if run.params is not None])

    @property
    def search_seconds(self) -> Spread | None:
        """Device-seconds of a search; None for a published cell."""
        return spread([run.search.device_seconds for run in self.runs if run.search is not None])

    def to_json(self) -> dict[str, Any]:
        """JSON-ready: every repetition, and mean, deviation and n of each value."""
        names = dict.fromkeys(name for run in self.runs for name in run.values)
        spreads = {name: self.value(name) for name in names}
        spreads |= {"params": self.params, "search_seconds": self.search_seconds}
        return {
            "name": self.name,
            "searched": self.searched,
            "paper": self.paper,
            "values": {name: asdict(found) for name, found in spreads.items() if found is not None},
            "runs": [run.to_json() for run in self.runs],
        }


@dataclass(frozen=True)
class PublishedCell:
    """A cell that is trained and evaluated, not searched."""

    name: str
    space: str
    architecture: str


def published_cells(text: str) -> tuple[PublishedCell, ...]:
    """The cells of a list of names; none for `none`. CrozeError for one that is unknown or there twice."""
    if text.strip().lower() == "none":
        return ()
    found: dict[str, PublishedCell] = {}
    for name in text.split(","):
        space, architecture = find(name)
        entry = lookup(name)
        assert entry is not None  # found above
        if entry.name in found:
            raise CrozeError(f"The published cell {entry.name} is named twice; name each one once.")
        found[entry.name] = PublishedCell(entry.name, space, str(architecture))
    return tuple(found.values())


def searched_row(
    name: str,
    searches: Sequence[SearchRun],
    results: Sequence[MemberResult | None],
    values: Sequence[Mapping[str, float]],
) -> Row:
    """The row of a method: its searches, the trainings of their winners (None without), their values."""
    runs = []
    for one, result, own in zip(searches, results, values, strict=True):
        best = one.best
        architecture = "" if best is None else best.architecture
        sizes = (None, None) if best is None else (best.params, best.live_params)
        runs.append(_repetition(one.settings["seed"], architecture, sizes, result, own, one))
    return Row(name, True, PRINTED_METHODS.get(name, ""), tuple(runs))


def published_row(
    cell: PublishedCell,
    seeds: Sequence[int],
    sizes: tuple[int, int | None],
    results: Sequence[MemberResult | None],
    values: Sequence[Mapping[str, float]],
) -> Row:
    """The row of a published cell, trained once a seed; `sizes` are all and live parameters."""
    runs = tuple(
        _repetition(seed, cell.architecture, sizes, result, own)
        for seed, result, own in zip(seeds, results, values, strict=True)
    )
    return Row(cell.name, False, PRINTED_CELLS.get(cell.name, ""), runs)


def _repetition(
    seed: int,
    architecture: str,
    sizes: tuple[int | None, int | None],
    result: MemberResult | None,
    values: Mapping[str, float],
    found: SearchRun | None = None,
) -> Repetition:
    failed = "not trained yet" if result is None else result.failed
    if found is not None and not architecture:
        failed = f"no candidate has a score: {next(iter(found.reasons), found.reason)}"
    counts = sorted(result.images.values()) if result is not None else []
    images = (counts[0], counts[-1]) if counts else ()
    training = {} if result is None else result.training
    return Repetition(seed, architecture, *sizes, values, failed, images, training, found)
