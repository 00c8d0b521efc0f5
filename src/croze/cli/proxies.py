"""`croze proxies`: the evidence on all proxies, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    BatchSize,
    Cells,
    Channels,
    Data,
    DataSet,
    Json,
    Resamples,
    ScoreFolder,
    ScoreSeed,
    Truth,
    Workers,
    check_page,
    folder_of,
)


def proxies(
    truth: Truth,
    page: Annotated[Path, typer.Option(help="Write the page to this Markdown file.")],
    dataset: DataSet = "cifar10",
    data: Data = "digits",
    published: Annotated[
        str | None, typer.Option(help="CSV of published scores to compare with, as NAS-Bench-Suite-Zero's.")
    ] = None,
    proxies: Annotated[
        str, typer.Option(help="Comma-separated proxies and aggregates, or all of them.")
    ] = "all",
    sample: Annotated[int, typer.Option(min=1, help="Distinct cells to draw from the report half.")] = 600,
    choose_sample: Annotated[
        int | None,
        typer.Option(min=1, help="Distinct cells to draw from the choose half.  [default: --sample]"),
    ] = None,
    batch_size: BatchSize = 16,
    published_sample: Annotated[
        int, typer.Option(min=1, help="Cells to draw from the published scores.")
    ] = 300,
    published_batch_size: Annotated[int, typer.Option(min=1, help="Images for these, drawn at random.")] = 64,
    timing_cells: Annotated[
        int, typer.Option(min=0, help="Cells to time each proxy alone on; 0 leaves the times out.")
    ] = 10,
    seed: Annotated[
        int,
        typer.Option(min=0, max=MAX_SEED, help="Random seed of the samples of cells and of the bootstrap."),
    ] = 0,
    score_seed: ScoreSeed = 0,
    resamples: Resamples = 1000,
    workers: Workers = 0,
    out: ScoreFolder = "runs/proxies",
    channels: Channels = 16,
    cells_per_stage: Cells = 5,
    json: Json = None,
) -> None:
    """Write the evidence on all proxies: how they rank a benchmark's cells, what they cost, what they are.

    Cells of both halves are scored by every proxy and compared with their measured accuracies, cells of a
    file of published scores with these. All scores are kept: ended at any moment, the same command goes on.
    """
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.files import write_text
    from croze.provenance import provenance
    from croze.ranking.survey import survey
    from croze.ranking.survey_page import render

    folder = folder_of(out)
    check_page(page)
    terminal = console(json)
    with Bars(terminal) as watch:
        found = survey(
            truth, dataset=dataset, proxies=proxies, data=data, batch_size=batch_size, published=published,
            published_sample=published_sample, published_batch_size=published_batch_size, sample=sample,
            choose_sample=choose_sample, timing_cells=timing_cells, seed=seed, score_seed=score_seed,
            resamples=resamples, channels=channels, cells_per_stage=cells_per_stage, workers=workers,
            out=folder, watch=watch,
        )  # fmt: skip
    if published is not None and not found.agreements:
        terminal.print(f"None of these proxies is compared with {published}.")
    write_text(page, render(found))
    emit_json(json, {**found.to_json(), "provenance": provenance()})
    terminal.print(f"Written: {page}")
    if found.shortfall:
        terminal.print(found.shortfall)
        raise typer.Exit(1)
