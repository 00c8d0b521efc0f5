"""`croze benchmark`: how well proxies rank a published benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli import options

WIDTH = 80
"""Columns of what is printed, whatever the terminal has."""


def benchmark(
    truth: options.Truth,
    dataset: options.DataSet = "cifar10",
    data: options.Data = "digits",
    proxies: Annotated[
        str, typer.Option(help="Comma-separated; the others are compared with the first.")
    ] = "params,croze-official,croze-positional,croze-robust",
    sample: Annotated[int | None, typer.Option(min=1, help="Cells to draw.", show_default="all")] = None,
    cells: options.CellSet = "all",
    half: options.Half = "both",
    convention: Annotated[str, typer.Option(help="Corruption groups: paper or usual.")] = "paper",
    seed: options.SampleSeed = 0,
    score_seed: options.ScoreSeed = 0,
    resamples: options.Resamples = 1000,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/benchmark",
    batch_size: options.BatchSize = 8,
    sampling: options.Sampling = "balanced",
    augment: options.Augment = False,
    micro_batch: options.MicroBatch = None,
    channels: options.SpaceChannels = None,
    cells_per_stage: options.CellsPerStage = None,
    statistics: Annotated[
        bool,
        typer.Option(
            "--statistics",
            help="Compute all statistics with intervals on every set of cells; implied by --page.",
        ),
    ] = False,
    judge: options.JudgedBy = None,
    page: options.PageFile = None,
    plot: options.Plot = None,
    json: options.Json = None,
) -> None:
    """Rank the cells of a benchmark by proxies and compare with their measured accuracies.

    Prints the mean of Spearman's rho over the columns of the paper's Table 2 (over all columns of a ground
    truth that lacks these) with its bootstrap interval, the same given live parameters, and rho in some
    columns, on the cells on which every proxy succeeded. The folder of the scores has further statistics:
    Kendall's tau, rho in size deciles, top-k precision and regret, on both halves and on distinct cells.
    `croze report` shows them as a page, `croze.load_run` reads them as a data frame.
    """
    import croze
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.files import write_text
    from croze.reporting.chart import check_plot

    folder = options.folder_of(out)
    if plot is not None:
        check_plot(plot)
    options.check_page(page)
    terminal = console(json)
    with Bars(terminal) as watch:
        run = croze.benchmark(
            truth, dataset=dataset, proxies=proxies, data=data, batch_size=batch_size, sampling=sampling,
            augment=augment, micro_batch=micro_batch, sample=sample, cells=cells, half=half,
            convention=convention, judge_by=judge, statistics=statistics or page is not None, seed=seed,
            score_seed=score_seed, resamples=resamples, channels=channels, cells_per_stage=cells_per_stage,
            workers=workers, out=folder, watch=watch,
        )  # fmt: skip
    emit_json(json, run.to_json())
    for spec, failed in run.failures.items():
        said = f"{spec} failed on {failed['cells']:,} cells; first reason: {failed['first_reason']}"
        terminal.print(said, width=WIDTH)
    if run.reason:
        terminal.print(run.reason)
        raise typer.Exit(1)
    terminal.print(run.table(), width=WIDTH)
    if page is not None:
        write_text(page, run.markdown())
        terminal.print(f"Written: {page}")
    if plot is not None:
        run.charts()[0].save(plot)
        terminal.print(f"Written: {plot}")
    terminal.print(f"All columns, sets of cells and statistics: croze report {folder}", soft_wrap=True)
