"""Table 6: the cells that a proxy ranks highest and lowest, how accurate they are once trained.

The paper takes 300 cells of NAS-Bench-201 and leaves out those of less than 20% robust accuracy. It does not
say under which attack and training; its lowest group has 17.0% under FGSM with standard and 22.6% under PGD
with adversarial training, so only the latter can have been the criterion. Its printed HRS are .01 to .2 below
those of the printed means, as the mean of the cells' HRS is: that mean stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.errors import CrozeError
from croze.robustness.metrics import harmonic_robustness

Columns = Mapping[str, NDArray[np.float64]]
"""Accuracies in [0, 1] by name, shape `(n,)` each."""

LEAST = 0.2
SIZE = 5


@dataclass(frozen=True)
class Group:
    """The highest or the lowest of a ranking.

    Attributes:
        proxy: whose.
        name: `top` or `bottom`.
        architectures: best first.
        standard, adversarial: mean accuracies after that training, in [0, 1], by the columns of Table 6; what
            is not known is left out.
        among: number of cells ranked.
        left_out: number of cells of too little robust accuracy.
    """

    proxy: str
    name: str
    architectures: tuple[str, ...]
    standard: Mapping[str, float]
    adversarial: Mapping[str, float]
    among: int
    left_out: int

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**vars(self), "standard": dict(self.standard), "adversarial": dict(self.adversarial)}


def top_and_bottom(
    architectures: Sequence[str],
    merits: Mapping[str, NDArray[np.float64]],
    standard: Columns,
    adversarial: Columns | None,
    robust: NDArray[np.float64],
    *,
    epsilon: str = "8",
    size: int = SIZE,
    least: float = LEAST,
) -> list[Group]:
    """Both groups of each proxy.

    Args:
        architectures: n of them.
        merits: by proxy, shape `(n,)`, higher is better, NaN where the score failed; those that every proxy
            scored are ranked. Ties keep the order of `architectures`.
        standard, adversarial: accuracies after standard and adversarial training: `clean`, `fgsm@8`, `pgd@8`,
            `corruptions`; those that are absent leave figures out.
        robust: the accuracies of which at least `least` is asked.
        epsilon: of FGSM and PGD in 1/255, as in the columns' names.
        size: cells in a group.

    Raises:
        CrozeError: when fewer than two groups of cells are left.
    """
    enough = np.nan_to_num(robust, nan=-1.0) >= least
    scored = np.logical_and.reduce([np.isfinite(values) for values in merits.values()])
    kept = np.flatnonzero(enough & scored)
    if len(kept) < 2 * size:
        raise CrozeError(
            f"Two groups of {size} need {2 * size} cells of at least {least:.0%} robust accuracy, got "
            f"{len(kept)} of {len(architectures)}: take more cells, or a lower --least."
        )
    groups = []
    for proxy, values in merits.items():
        order = kept[np.argsort(-values[kept], kind="stable")]
        for name, members in (("top", order[:size]), ("bottom", order[-size:])):
            groups.append(
                Group(
                    proxy,
                    name,
                    tuple(architectures[i] for i in members),
                    _standard(standard, members, epsilon),
                    {} if adversarial is None else _adversarial(adversarial, members, epsilon),
                    len(kept),
                    int((~enough).sum()),
                )
            )
    return groups


def _standard(columns: Columns, members: NDArray[np.int64], epsilon: str) -> dict[str, float]:
    """Clean, CC, PGD, FGSM, and "Avg. Rob.": the mean of the last three."""
    found = _means(
        columns,
        members,
        {"clean": "clean", "cc": "corruptions", "pgd": f"pgd@{epsilon}", "fgsm": f"fgsm@{epsilon}"},
    )
    robust = [found[name] for name in ("cc", "pgd", "fgsm") if name in found]
    return found | ({"avg_robust": sum(robust) / 3} if len(robust) == 3 else {})


def _adversarial(columns: Columns, members: NDArray[np.int64], epsilon: str) -> dict[str, float]:
    """Clean, PGD, FGSM, and the means of the cells' HRS."""
    means = _means(columns, members, {"clean": "clean", "pgd": f"pgd@{epsilon}", "fgsm": f"fgsm@{epsilon}"})
    found = {"clean": means["clean"]} if "clean" in means else {}
    for name in ("pgd", "fgsm"):
        if name in means and "clean" in means:
            pairs = zip(columns["clean"][members], columns[f"{name}@{epsilon}"][members], strict=True)
            hrs = [harmonic_robustness(float(clean), float(robust)) for clean, robust in pairs]
            found |= {name: means[name], f"hrs_{name}": sum(hrs) / len(hrs)}
    return found


def _means(columns: Columns, members: NDArray[np.int64], names: Mapping[str, str]) -> dict[str, float]:
    return {
        name: float(columns[column][members].mean()) for name, column in names.items() if column in columns
    }
