"""What Tables 1 and 2 share: scores from the ledger, the views of them, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from croze.cli.options import folder_of
from croze.cli.page_options import check_page

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from croze.paper.rank_table import Layout
    from croze.proxies import Criterion
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
        from croze.ranking.criteria import ALL, criteria_of, named_criteria

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
        from croze.cli.output import console, emit_json
        from croze.cli.progress import Bars
        from croze.data import load_batch
        from croze.files import write_text
        from croze.paper.rank_sheets import notes, sheets
        from croze.paper.rank_table import rank_table
        from croze.provenance import provenance
        from croze.proxies import parts_of
        from croze.ranking.ranking import CONTROL
        from croze.ranking.scored import DIGITS, Scoring, score_cells
        from croze.reporting.page import Page
        from croze.scoring.evaluator import Evaluator
        from croze.spaces import open_space

        batch = load_batch(self.data, size=self.batch_size, seed=self.score_seed, sampling=self.sampling)
        network = truth.network_of(channels=self.channels, cells=self.cells_per_stage)
        space = open_space(truth.space, **network)
        evaluator = Evaluator(space, batch, self.score_seed)
        terminal = console(self.json)
        wanted = parts_of([*criteria, CONTROL] if self._controlled(criteria) else criteria)
        architectures = [truth.architectures[i] for i in positions]
        with Bars(terminal) as watch:
            scored = score_cells(
                evaluator, self.out, architectures, wanted, workers=self.workers, watch=watch
            )
            found = rank_table(
                truth, layout, positions, scored, criteria,
                resamples=self.resamples, seed=self.seed, watch=watch,
            )  # fmt: skip

        made = provenance()
        files = ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in truth.provenance.sha256.items())
        how = "balanced over the classes" if self.sampling == "balanced" else "at random"
        scoring = Scoring(self.data, how, len(batch), batch.digest(), len(positions))
        basis = [
            f"cells: {len(positions):,} of {truth.name}, {truth.dataset}, {drawn}",
            f"scores: {space!r}, untrained, weights from seed {self.score_seed}, on {scoring}",
            ", ".join(f"{name} {version}" for name, version in made["versions"].items()),
            f"files (SHA-256): {files}",
        ]
        emit_json(
            self.json,
            {
                **found.to_json(),
                "not_regenerated": dict(remarks),
                "basis": basis,
                "scored_on": {"data": self.data, **evaluator.context},
                "provenance": made,
            },
        )
        if found.shortfall:
            terminal.print(found.shortfall)
            raise typer.Exit(1)
        tables = sheets(found, remarks)
        for sheet in tables:
            terminal.print(sheet)
        if self.page is not None:
            page = Page(title, about, made["command"], basis, notes(found), tables)
            write_text(self.page, page.markdown())
            terminal.print(f"Written: {self.page}")

    def _controlled(self, criteria: Sequence[Criterion]) -> bool:
        """Whether live parameters are counted: unless it was said, where they are not all there is to score.

        A size alone takes a fifth of the time that this count does, and says nothing once size is given.
        """
        from croze.proxies.size import Flops, LiveParams, Params

        if self.given_size is not None:
            return self.given_size
        return not all(isinstance(criterion, Params | LiveParams | Flops) for criterion in criteria)
