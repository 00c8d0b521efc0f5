"""What the verbs of Tables 1 and 2 share: scores from the ledger, the views of them, the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from croze.cli.options import folder_of
from croze.cli.progress import Bars
from croze.data import load_batch
from croze.paper.output import Outcome, check_files, files_text, scoring_text
from croze.paper.rank_sheets import notes, sheets
from croze.paper.rank_table import Layout, rank_table
from croze.proxies import Criterion, parts_of
from croze.proxies.size import Flops, LiveParams, Params
from croze.ranking.criteria import ALL, criteria_of, named_criteria
from croze.ranking.ranking import CONTROL
from croze.ranking.scored import score_cells
from croze.scoring.evaluator import Evaluator
from croze.spaces import open_space
from croze.truth import Truth


def ranked_criteria(proxies: str, out: str, page: Path | None) -> list[Criterion]:
    """The proxies of a table; what cannot be used is found out before any work.

    Raises:
        CrozeError: as `criteria_of`, or for `--out` and `--page` that name nothing.
    """
    folder_of(out)
    check_files(page=page)
    return named_criteria() if proxies.strip() == ALL else criteria_of(proxies)


def rank_and_publish(
    criteria: Sequence[Criterion],
    truth: Truth,
    layout: Layout,
    positions: NDArray[np.int64],
    *,
    drawn: str,
    title: str,
    about: str,
    remarks: Sequence[tuple[str, str]] = (),
    given_size: bool | None,
    data: str,
    batch_size: int,
    sampling: str,
    seed: int,
    score_seed: int,
    resamples: int,
    channels: int | None,
    cells_per_stage: int | None,
    workers: int,
    out: str,
    page: Path | None,
    json: str | None,
    terminal: Console,
) -> None:
    """Score, rank, print, write.

    Args:
        criteria: from `ranked_criteria`.
        truth, layout, positions: as of `rank_table`.
        drawn: how the cells were drawn, in words.
        title, about: of the page.
        remarks: what else is not regenerated, and why.
        given_size: whether live parameters are counted; unless it is said, where sizes are not all there is
            to score: a size alone takes a fifth of the time, and says nothing given size.
        data, batch_size, sampling, seed, score_seed, resamples: options of the verbs.
        channels, cells_per_stage, workers, out, page, json: options of the verbs.
        terminal: where tables are printed.

    Raises:
        typer.Exit: 1 when there are too few cells, after the JSON was written.
    """
    batch = load_batch(data, size=batch_size, seed=score_seed, sampling=sampling)
    space = open_space(truth.space, **truth.network_of(channels=channels, cells=cells_per_stage))
    evaluator = Evaluator(space, batch, score_seed)
    if given_size is None:
        given_size = not all(isinstance(criterion, Params | LiveParams | Flops) for criterion in criteria)
    wanted = parts_of([*criteria, CONTROL] if given_size else criteria)
    architectures = [truth.architectures[i] for i in positions]
    with Bars(terminal) as watch:
        scored = score_cells(evaluator, out, architectures, wanted, workers=workers, watch=watch)
        found = rank_table(
            truth, layout, positions, scored, criteria, resamples=resamples, seed=seed, watch=watch
        )
    Outcome(
        title=title,
        about=about,
        result={
            **found.to_json(),
            "not_regenerated": dict(remarks),
            "scored_on": {"data": data, **evaluator.context},
        },
        basis=[
            f"cells: {len(positions):,} of {truth.name}, {truth.dataset}, {drawn}",
            f"scores: {scoring_text(evaluator, data, sampling)}",
            f"files (SHA-256): {files_text(truth)}",
        ],
        tables=() if found.shortfall else sheets(found, remarks),
        notes=notes(found),
        remarks=[found.shortfall] if found.shortfall else (),
    ).publish(terminal, json, page=None if found.shortfall else page)
    if found.shortfall:
        raise typer.Exit(1)
