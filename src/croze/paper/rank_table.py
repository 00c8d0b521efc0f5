"""Tables 1 and 2: how every proxy ranks the cells, on both halves, for all strings and for distinct cells.

All rows of a view rest on the same cells; beside the paper each proxy stands on all cells where it succeeded.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from croze.paper.printed import AVERAGE, PrintedTable, printed
from croze.proxies import Criterion
from croze.ranking import Bootstrap, Ranking, rank_scored, seldom_failing
from croze.ranking.columns import MEAN, ColumnSet
from croze.ranking.criteria import is_own
from croze.ranking.ranking import CONTROL, OWN, shortfall_of, together
from croze.ranking.scored import Scored
from croze.stats.correlation import MINIMUM
from croze.truth import HALVES, Truth, halves

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
"""Printed rows and the proxies that compute them. The printed CRoZe is that of the released code; the
equations as written are compared with the same row."""

SIDES = ("both", "report", "choose")


@dataclass(frozen=True)
class Layout:
    """The columns of a printed table of rank correlations, such as `table2/cifar10`.

    `table` are those that the truth fills, `empty` the reasons why others are not; `comparable` says whether
    space and data set are the printed ones.
    """

    name: str
    table: ColumnSet
    empty: Mapping[str, str]
    comparable: bool

    @property
    def printed(self) -> PrintedTable:
        """The table as printed."""
        return printed(self.name)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns in printed order, without the average."""
        return tuple(name for name in self.printed.columns if name != AVERAGE)

    @property
    def filled(self) -> tuple[str, ...]:
        """Names of the columns that the truth fills, in this order."""
        return tuple(column.name for column in self.table.columns)


@dataclass(frozen=True)
class View:
    """A set of cells: `all` drawn strings, or `distinct` ones; `both` halves, `report` or `choose`."""

    kind: str
    half: str

    @property
    def cells(self) -> str:
        """Its name in the long table."""
        return f"{self.kind} cells" if self.half == "both" else f"{self.kind} cells, {self.half} half"


@dataclass(frozen=True)
class Beside:
    """Ours (NaN without) beside the printed value (None if missing), which `meant` corrects at an erratum."""

    ours: float
    printed: float | None
    meant: float | None

    @property
    def difference(self) -> float:
        """Ours minus `meant`; NaN without one of them."""
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
    """A criterion and the printed row to which it is compared, on the n cells on which it succeeded.

    Values are by column, `avg` last: the mean over the filled columns, and the same mean of the printed row.
    """

    row: str
    criterion: str
    cells: str
    n: int
    values: Mapping[str, Beside]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping; NaN as None."""
        return {**vars(self), "values": {name: one.to_json() for name, one in self.values.items()}}


@dataclass(frozen=True)
class RankTable:
    """A table of rank correlations, ours and the paper's.

    Views are `all` strings on both halves, the report and the choose half, then the `distinct` cells; only
    the latter where no two of the drawn cells are isomorphic. `own` are specs of criteria that this project
    made up.
    """

    layout: Layout
    ranking: Ranking
    views: tuple[View, ...]
    own: tuple[str, ...]
    given_size: bool

    @property
    def complete(self) -> bool:
        """Whether the ground truth fills every column, so that our average is comparable."""
        return not self.layout.empty

    @property
    def criteria(self) -> list[str]:
        """Specs, best average on the report half first, those without one last."""
        report = next(view for view in self.views if view.half == "report")
        return self.ranking.order(MEAN, report.cells)

    @property
    def shortfall(self) -> str:
        """One sentence that says why there are too few cells; empty when there are enough."""
        cells = self.views[0].cells
        most = max(record.n for record in self.ranking.select(cells=cells))
        if most >= MINIMUM:
            return ""
        return (
            f"A table needs at least {MINIMUM} cells on which some proxy succeeded, got {most} of "
            f"{self.ranking.cells[cells].chosen:,}: {shortfall_of(self.ranking.cells[cells].failures)}."
        )

    def beside_paper(self) -> tuple[PaperRow, ...]:
        """The printed rows in order, for both kinds of cells; none if they are not comparable."""
        if not self.layout.comparable:
            return ()
        return tuple(
            self._paper_row(row, spec, view)
            for row, specs in COUNTERPARTS.items()
            for spec in specs
            for view in self.views
            if view.half == "both" and spec in self.ranking.proxies
        )

    def _paper_row(self, row: str, spec: str, view: View) -> PaperRow:
        printed, cells = self.layout.printed, view.cells + OWN
        values = {
            name: Beside(
                self.ranking.at(spec, name, cells).value, printed.value(row, name), printed.meant(row, name)
            )
            for name in self.layout.columns
        }
        here = self.layout.filled
        ours = statistics.fmean(values[name].ours for name in here)
        if self.complete:
            theirs, meant = printed.value(row, AVERAGE), printed.meant(row, AVERAGE)
        else:
            known = [values[name].meant for name in here]
            theirs = meant = None if None in known else statistics.fmean(k for k in known if k is not None)
        values[AVERAGE] = Beside(ours, theirs, meant)
        return PaperRow(row, spec, view.kind, self.ranking.at(spec, MEAN, cells).n, values)

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
            **self.ranking.to_json(),
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
    watch: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> RankTable:
    """The table from scores of these cells, by every part, and by `CONTROL` for partial rhos.

    Distinct are the drawn strings that represent their class in the truth: of a random draw of strings they
    are a random draw of the classes.
    """
    distinct = positions[truth.representative[positions] == positions]
    kinds = {"distinct": distinct}
    if len(distinct) < len(positions):
        kinds = {"all": positions, **kinds}
    # once for all views, so that the same rows share their cells in each
    common = seldom_failing(criteria, scored, [truth.architectures[i] for i in positions])
    side = halves(truth)
    views = [View(kind, half) for kind in kinds for half in SIDES]
    found = []
    for view in views:
        chosen = kinds[view.kind]
        if view.half != "both":
            chosen = chosen[side[chosen] == HALVES[view.half]]
        found.append(
            rank_scored(
                truth,
                layout.table,
                chosen,
                scored,
                criteria,
                cells=view.cells,
                common=common,
                bootstrap=Bootstrap(resamples, seed),
            )
        )
        watch("tables", len(found), len(views))
    own = tuple(criterion.spec for criterion in criteria if is_own(criterion))
    return RankTable(layout, together(found), tuple(views), own, CONTROL.spec in scored.values)
