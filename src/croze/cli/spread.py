"""`croze spread`: how far rankings move with the initial weights and with the batch."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli import options


def spread(
    truth: options.Truth,
    dataset: options.DataSet = "cifar10",
    data: options.Data = "digits",
    proxies: Annotated[
        str, typer.Option(help="Comma-separated proxies and aggregates.")
    ] = "croze-official,croze-positional,croze-robust",
    sample: Annotated[int, typer.Option(min=1, help="Cells to draw.")] = 200,
    cells: options.CellSet = "distinct",
    half: options.Half = "both",
    seed: Annotated[int, options.seed_of("the sample of cells")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of the initial weights.")] = 5,
    batches: Annotated[int, typer.Option(min=1, help="Draws of the batch.")] = 5,
    tolerance: Annotated[
        float, typer.Option(min=1e-6, help="Expected loss of rho below which fewer draws are enough.")
    ] = 0.005,
    score_seed: Annotated[
        int,
        typer.Option(
            min=0, max=options.MAX_SEED, help="First seed of weights and of batches; others follow."
        ),
    ] = 0,
    workers: options.Workers = 0,
    out: options.ScoreFolder = "runs/spread",
    batch_size: options.BatchSize = 8,
    sampling: options.Sampling = "balanced",
    channels: options.SpaceChannels = None,
    cells_per_stage: options.CellsPerStage = None,
    judge: options.JudgedBy = None,
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Score the same cells with several initial weights and batches, and measure how rankings vary.

    For each proxy: rho with measured accuracies in every draw, the agreement of draws, and the number of
    draws over which ranks have to be averaged; on both halves of the cells and on each. An interrupted
    command continues when it is run again.
    """
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.files import write_text
    from croze.ranking.spread import spread as spread_over

    folder = options.folder_of(out)
    options.check_page(page)
    terminal = console(json)
    with Bars(terminal) as watch:
        found = spread_over(
            truth, dataset=dataset, proxies=proxies, data=data, batch_size=batch_size, sampling=sampling,
            sample=sample, cells=cells, half=half, seed=seed, seeds=seeds, batches=batches,
            tolerance=tolerance, score_seed=score_seed, judge_by=judge, channels=channels,
            cells_per_stage=cells_per_stage, workers=workers, out=folder, watch=watch,
        )  # fmt: skip
    emit_json(json, found.to_json())
    for sheet in found.sheets():
        terminal.print(sheet)
    if page is not None:
        write_text(page, found.markdown())
        terminal.print(f"Written: {page}")
