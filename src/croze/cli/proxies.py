"""`croze proxies`: the evidence on all proxies, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli import options


def proxies(
    truth: options.Truth,
    page: Annotated[Path, typer.Option(help="Write the page to this Markdown file.")],
    dataset: options.DataSet = "cifar10",
    data: options.Data = "digits",
    published: Annotated[
        str | None, typer.Option(help="CSV of published scores to compare with, as NAS-Bench-Suite-Zero's.")
    ] = None,
    proxies: Annotated[str, typer.Option(help="Comma-separated proxies and aggregates, or all.")] = "all",
    sample: Annotated[int, typer.Option(min=1, help="Number of distinct cells from the report half.")] = 600,
    choose_sample: Annotated[
        int | None,
        typer.Option(min=1, help="Number of distinct cells from the choose half.", show_default="--sample"),
    ] = None,
    batch_size: options.BatchSize = 16,
    published_sample: Annotated[
        int, typer.Option(min=1, help="Number of cells from the published scores.")
    ] = 300,
    published_batch_size: Annotated[
        int, typer.Option(min=1, help="Number of images for these, drawn at random.")
    ] = 64,
    timing_cells: Annotated[
        int, typer.Option(min=0, help="Number of cells on which each proxy is timed; 0 for no times.")
    ] = 10,
    seed: options.SampleSeed = 0,
    score_seed: options.ScoreSeed = 0,
    resamples: options.Resamples = 1000,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/proxies",
    channels: options.Channels = 16,
    cells_per_stage: options.Cells = 5,
    json: options.Json = None,
) -> None:
    """Write a page that evaluates all proxies: rank correlations on a benchmark, costs and definitions.

    Cells of both halves are scored by every proxy and compared with their measured accuracies; cells of a
    file of published scores are compared with these. An interrupted command continues when it is run again.
    """
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.files import write_text
    from croze.provenance import provenance
    from croze.ranking.survey import survey
    from croze.ranking.survey_page import render

    folder = options.folder_of(out)
    options.check_page(page)
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
