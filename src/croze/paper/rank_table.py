"""Tables 1 and 2: how every proxy ranks the cells, on both halves, for all strings and for distinct cells.

Every row of a view rests on the cells that all proxies share, as in a survey; beside the paper each proxy
stands on all cells where it succeeded, as the paper has it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.paper.layout import Layout
from croze.paper.printed import AVERAGE
from croze.proxies import Criterion
from croze.ranking import CONTROL, Half, Scored, is_own, seldom_failing, stand
from croze.stats.correlation import MINIMUM
from croze.truth import Truth, halves
from croze.truth.classes import HALVES

COUNTERPARTS: Mapping[str, tuple[str, ...]] = {
    "FLOPs": ("flops",),
    "#Params": ("params",),
    "Plain": ("plain",),
    "GraSP": ("grasp",),
    "Fisher": ("fisher",),
    "GradNorm": ("gradnorm",),
    "SynFlow": ("synflow",),
    "NASWOT": ("naswot",),
    "CRoZe": ("croze-official", "croze-paper"),
}
"""Rows of the print and what computes them here. The print's CRoZe is the released code's; the equations as
written stand beside the same row."""


@dataclass(frozen=True)
class View:
    """All criteria on some of the drawn cells.

    Attributes:
        cells: `all` strings that were drawn, or the `distinct` ones among them.
        half: where every criterion stands on them; its name says which half of the cells.
    """

    cells: str
    half: Half

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        found = self.half.to_json()
        for standing, entry in zip(self.half.standings, found["standings"], strict=True):
            entry["average"] = standing.mean.to_json()
        return {"cells_of": self.cells, **found}


@dataclass(frozen=True)
class Beside:
    """One figure of ours beside the printed one.

    Attributes:
        ours: NaN where there is none.
        printed: None where the print is lost.
        meant: what the row itself gives, which is not what is printed at an erratum; None where it is lost.
    """

    ours: float
    printed: float | None
    meant: float | None

    @property
    def difference(self) -> float:
        """Ours minus what the row gives; NaN without one of them."""
        return math.nan if self.meant is None else self.ours - self.meant

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        found = {
            "ours": self.ours,
            "printed": self.printed,
            "meant": self.meant,
            "difference": self.difference,
        }
        return {name: None if value is None or math.isnan(value) else value for name, value in found.items()}


@dataclass(frozen=True)
class PaperRow:
    """A criterion beside its row of the print.

    Attributes:
        row: of the print.
        criterion: its spec.
        cells: as of `View`.
        n: number of cells on which it succeeded, all of which count here.
        figures: by column, `avg` last: the mean over the filled columns, beside the same mean of the print.
    """

    row: str
    criterion: str
    cells: str
    n: int
    figures: Mapping[str, Beside]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {**vars(self), "figures": {name: one.to_json() for name, one in self.figures.items()}}


@dataclass(frozen=True)
class RankTable:
    """A table of rank correlations, ours and the paper's.

    Attributes:
        layout: its columns.
        views: `all` strings on both halves, the report and the choose half, then the same for the `distinct`
            cells; only the latter where no two of the drawn cells are isomorphic.
        own: specs of the criteria that this project made up.
        given_size: whether partial rhos given live parameters were computed.
    """

    layout: Layout
    views: tuple[View, ...]
    own: tuple[str, ...]
    given_size: bool

    @property
    def complete(self) -> bool:
        """Whether the truth fills every column, so that our average is the print's."""
        return not self.layout.empty

    @property
    def criteria(self) -> tuple[str, ...]:
        """Specs, best average on the report half first, those without one last."""

        def place(spec: str) -> tuple[bool, float]:
            found = next(view for view in self.views if view.half.name == "report").half.standing(spec)
            rho = math.nan if found is None else found.mean.rho
            return (math.isnan(rho), -rho)

        return tuple(sorted((s.criterion for s in self.views[0].half.standings), key=place))

    @property
    def shortfall(self) -> str:
        """One sentence that says why there are too few cells; empty when there are enough."""
        half = self.views[0].half
        most = max(standing.n for standing in half.standings)
        if most >= MINIMUM:
            return ""
        failed = ", ".join(f"{s.criterion} failed on {s.failures:,}" for s in half.standings if s.failures)
        return (
            f"A table needs at least {MINIMUM} cells on which some proxy succeeded, got {most} of "
            f"{half.chosen:,}: {failed or 'take a larger sample'}."
        )

    def beside_paper(self) -> tuple[PaperRow, ...]:
        """The paper's rows in its order, for both kinds of cells; none where the print is of others."""
        if not self.layout.comparable:
            return ()
        return tuple(
            self._paper_row(row, spec, view)
            for row, specs in COUNTERPARTS.items()
            for spec in specs
            for view in self.views
            if view.half.name == "both" and view.half.standing(spec) is not None
        )

    def _paper_row(self, row: str, spec: str, view: View) -> PaperRow:
        standing = view.half.standing(spec)
        assert standing is not None
        printed = self.layout.printed
        figures = {
            name: Beside(standing.own.get(name, math.nan), printed.value(row, name), printed.meant(row, name))
            for name in self.layout.columns
        }
        here = self.layout.filled
        ours = statistics.fmean(figures[name].ours for name in here)
        if self.complete:
            theirs, meant = printed.value(row, AVERAGE), printed.meant(row, AVERAGE)
        else:
            known = [figures[name].meant for name in here]
            theirs = meant = None if None in known else statistics.fmean(k for k in known if k is not None)
        figures[AVERAGE] = Beside(ours, theirs, meant)
        return PaperRow(row, spec, view.cells, standing.own_n, figures)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {
            "table": self.layout.name,
            "convention": self.layout.table.convention,
            "columns": list(self.layout.filled),
            "empty_columns": dict(self.layout.empty),
            "average": f"mean over {', '.join(self.layout.filled)}",
            "beside_paper": [row.to_json() for row in self.beside_paper()],
            "own": list(self.own),
            "views": [view.to_json() for view in self.views],
        }


def rank_table(
    truth: Truth,
    layout: Layout,
    positions: NDArray[np.int64],
    scored: Scored,
    criteria: Sequence[Criterion],
    *,
    resamples: int = 1000,
    seed: int = 0,
    watch: Callable[[int], None] = lambda done: None,
) -> RankTable:
    """The table from scores of these cells.

    Distinct are the drawn strings that represent their class in the truth: of a random draw of strings they
    are a random draw of the classes.

    Args:
        truth: the ground truth, with the columns of the layout.
        layout: of the table.
        positions: of the cells in the truth, shape `(k,)`, from `select`.
        scored: the scores of these cells by every part, and by `CONTROL` where partial rhos are wanted.
        criteria: at least one, each once.
        resamples, seed: of the bootstrap.
        watch: called after every view with the number of those done.
    """
    distinct = positions[truth.representative[positions] == positions]
    kinds = {"distinct": distinct}
    if len(distinct) < len(positions):
        kinds = {"all": positions, **kinds}
    # once for all views, so that the same rows share their cells in each
    common = seldom_failing(criteria, scored, [truth.architectures[i] for i in positions])
    side = halves(truth)
    views = []
    for cells, of_kind in kinds.items():
        for half in ("both", "report", "choose"):
            chosen = of_kind if half == "both" else of_kind[side[of_kind] == HALVES[half]]
            found = stand(
                half,
                truth,
                layout.table,
                chosen,
                scored,
                criteria,
                common=common,
                resamples=resamples,
                seed=seed,
            )
            views.append(View(cells, found))
            watch(len(views))
    own = tuple(criterion.spec for criterion in criteria if is_own(criterion))
    return RankTable(layout, tuple(views), own, CONTROL.spec in scored.values)


def views_wanted(truth: Truth, positions: NDArray[np.int64]) -> int:
    """How many views `rank_table` makes."""
    return 3 if (truth.representative[positions] == positions).all() else 6
