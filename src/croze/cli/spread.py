"""`croze spread`: how far rankings move with the initial weights and with the batch."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    BatchSize,
    CellsPerStage,
    Data,
    DataSet,
    Half,
    Json,
    JudgedBy,
    PageFile,
    Sampling,
    ScoreFolder,
    SpaceChannels,
    Truth,
    Workers,
    check_page,
    folder_of,
)


def spread(
    truth: Truth,
    dataset: DataSet = "cifar10",
    data: Data = "digits",
    proxies: Annotated[
        str, typer.Option(help="Comma-separated proxies and aggregates.")
    ] = "croze-official,croze-positional,croze-robust",
    sample: Annotated[int, typer.Option(min=1, help="Cells to draw.")] = 200,
    cells: Annotated[str, typer.Option(help="all strings, or distinct ones up to isomorphism.")] = "distinct",
    half: Half = "both",
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Random seed of the sample of cells.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of the initial weights.")] = 5,
    batches: Annotated[int, typer.Option(min=1, help="Draws of the batch.")] = 5,
    tolerance: Annotated[
        float, typer.Option(min=1e-6, help="Expected loss of rho below which fewer draws are enough.")
    ] = 0.005,
    score_seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="First seed of weights and of batches; others follow.")
    ] = 0,
    workers: Workers = 0,
    out: ScoreFolder = "runs/spread",
    batch_size: BatchSize = 8,
    sampling: Sampling = "balanced",
    channels: SpaceChannels = None,
    cells_per_stage: CellsPerStage = None,
    judge: JudgedBy = None,
    page: PageFile = None,
    json: Json = None,
) -> None:
    """Score the same cells with other initial weights and with other batches, and see how rankings move.

    Per proxy: rho with measured accuracies in every draw, how well draws agree, and over how many of them
    ranks have to be averaged; on both halves of the cells and on each. All scores are kept: ended at any
    moment, the same command goes on.
    """
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.files import write_text
    from croze.ranking.spread import spread as spread_over

    folder = folder_of(out)
    check_page(page)
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
