"""What Tables 1 and 2 share: scores from the ledger, the views of them, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from croze.cli.options import check_page, folder_of
from croze.cli.output import console
from croze.cli.progress import Bars
from croze.data import load_batch
from croze.paper.output import Outcome, files_text, scores_of, scoring_text
from croze.paper.rank_sheets import notes, sheets
from croze.paper.rank_table import Layout, rank_table
from croze.proxies import Criterion
from croze.proxies.size import Flops, LiveParams, Params
from croze.ranking.criteria import ALL, criteria_of, named_criteria
from croze.ranking.ranking import CONTROL
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.truth import Truth


@dataclass(frozen=True, kw_only=True)
class RankRun:
    """What both commands were asked for, as their options say it."""

    proxies: str
    given_size: bool | None
    data: str
    batch_size: int
    sampling: str
    seed: int
    score_seed: int
    resamples: int
    channels: int | None
    cells_per_stage: int | None
    workers: int
    out: str
    page: Path | None
    json: str | None

    def check(self) -> list[Criterion]:
        """The proxies; what cannot be used is found out before any work.

        Raises:
            CrozeError: as `criteria_of`, or for `--out` and `--page` that name nothing.
        """
        folder_of(self.out)
        check_page(self.page)
        return named_criteria() if self.proxies.strip() == ALL else criteria_of(self.proxies)

    def run(
        self,
        criteria: Sequence[Criterion],
        truth: Truth,
        layout: Layout,
        positions: NDArray[np.int64],
        drawn: str,
        title: str,
        about: str,
        remarks: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Score, rank, print, write.

        Args:
            criteria: from `check`.
            truth, layout, positions: as of `rank_table`.
            drawn: how the cells were drawn, in words.
            title, about: of the page.
            remarks: what else is not regenerated, and why.

        Raises:
            typer.Exit: 1 when there are too few cells, after the JSON was written.
        """
        batch = load_batch(self.data, size=self.batch_size, seed=self.score_seed, sampling=self.sampling)
        network = truth.network_of(channels=self.channels, cells=self.cells_per_stage)
        space = open_space(truth.space, **network)
        evaluator = Evaluator(space, batch, self.score_seed)
        terminal = console(self.json)
        wanted = [*criteria, CONTROL] if self._controlled(criteria) else criteria
        architectures = [truth.architectures[i] for i in positions]
        scored = scores_of(evaluator, architectures, wanted, self.out, self.workers, terminal)
        with Bars(terminal) as watch:
            found = rank_table(
                truth, layout, positions, scored, criteria,
                resamples=self.resamples, seed=self.seed, watch=watch,
            )  # fmt: skip
        outcome = Outcome(
            title=title,
            about=about,
            result={
                **found.to_json(),
                "not_regenerated": dict(remarks),
                "scored_on": {"data": self.data, **evaluator.context},
            },
            basis=[
                f"cells: {len(positions):,} of {truth.name}, {truth.dataset}, {drawn}",
                f"scores: {scoring_text(evaluator, self.data, self.sampling)}",
                f"files (SHA-256): {files_text(truth)}",
            ],
            tables=[] if found.shortfall else sheets(found, remarks),
            notes=[] if found.shortfall else notes(found),
            remarks=[found.shortfall] if found.shortfall else [],
        )
        if found.shortfall:
            outcome.publish(terminal, self.json)
            raise typer.Exit(1)
        outcome.publish(terminal, self.json, page=self.page)

    def _controlled(self, criteria: Sequence[Criterion]) -> bool:
        """Whether live parameters are counted: unless it was said, where they are not all there is to score.

        A size alone takes a fifth of the time that this count does, and says nothing once size is given.
        """
        if self.given_size is not None:
            return self.given_size
        return not all(isinstance(criterion, Params | LiveParams | Flops) for criterion in criteria)
