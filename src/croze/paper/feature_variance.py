"""Figure 4: features of the best by FGSM, the best by PGD and a proxy's choice, under 18 inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.data import Dataset
from croze.errors import CrozeError
from croze.paper.feature_consistency import FeatureConsistency, Settings
from croze.paper.member_features import member_features
from croze.pool import Pool
from croze.pool.truth import read_columns

ATTACKS = {"best by FGSM": "fgsm@8", "best by PGD": "pgd@8"}
"""Whom attacks choose, and by which column."""


@dataclass(frozen=True)
class Chosen:
    """One bar of the figure.

    Attributes:
        by: `best by FGSM`, `best by PGD`, or the proxy's name.
        training: method of the pool's recipe.
        architecture: who it is.
        accuracies: in [0, 1], by column.
        features: its consistency.
        among: number of members it was chosen from.
    """

    by: str
    training: str
    architecture: str
    accuracies: Mapping[str, float]
    features: FeatureConsistency
    among: int

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**vars(self), "accuracies": dict(self.accuracies), "features": self.features.to_json()}


def feature_variance(
    pool: Pool,
    merits: Mapping[str, NDArray[np.float64]],
    dataset: Dataset,
    settings: Settings | None = None,
    watch: Callable[[str, int], None] = lambda by, done: None,
) -> list[Chosen]:
    """Whom attacks and proxies choose from a pool, and how much their features move.

    The best by an attack is the member of the highest accuracy under it at 8/255. The members that every
    proxy scored are chosen from.

    Args:
        pool: evaluated under FGSM and PGD at 8/255.
        merits: by proxy, shape `(members,)`, higher is better, NaN where the score failed.
        dataset: images that features are compared on.
        settings: see `Settings`.
        watch: called with who is at work and the number of its images done.

    Raises:
        CrozeError: when a column is missing, or no member was scored by all proxies.
    """
    columns = read_columns(pool)
    lacking = [name for name in ATTACKS.values() if name not in columns]
    if lacking:
        raise CrozeError(
            f"The pool in {pool.folder} was not evaluated under {' and '.join(lacking)}: run `croze pool "
            "train` with --attacks fgsm,pgd --epsilon 8/255."
        )
    scored = scored_by_all(merits, len(pool.members))
    wanted = {by: columns[column] for by, column in ATTACKS.items()} | dict(merits)
    found = []
    for by, values in wanted.items():
        best = int(scored[values[scored].argmax()])
        member = pool.members[best]
        features = member_features(
            member,
            dataset,
            settings or Settings(),
            lambda done, by=by: watch(by, done),  # type: ignore[misc]
        )
        found.append(
            Chosen(
                by,
                pool.design.recipe["method"],
                member.architecture,
                {name: float(column[best]) for name, column in columns.items()},
                features,
                len(scored),
            )
        )
    return found


def scored_by_all(merits: Mapping[str, NDArray[np.float64]], count: int) -> NDArray[np.int64]:
    """Positions, out of `count`, that every proxy scored.

    Raises:
        CrozeError: when there is none.
    """
    kept = [bool(all(np.isfinite(values[i]) for values in merits.values())) for i in range(count)]
    positions = np.flatnonzero(kept).astype(np.int64)
    if not len(positions):
        raise CrozeError(f"None of {count} cells was scored by all of {', '.join(merits)}.")
    return positions
