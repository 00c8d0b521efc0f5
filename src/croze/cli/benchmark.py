"""`croze benchmark`: how well proxies rank a published benchmark."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    Augment,
    BatchSize,
    Cells,
    Channels,
    Data,
    DataSet,
    Half,
    Json,
    MicroBatch,
    Plot,
    Resamples,
    Sampling,
    ScoreFolder,
    ScoreSeed,
    Truth,
    Workers,
    folder_of,
)


def benchmark(
    truth: Truth,
    dataset: DataSet = "cifar10",
    data: Data = "digits",
    proxies: Annotated[
        str, typer.Option(help="Comma-separated; the others are compared with the first.")
    ] = "params,croze-official,croze-positional,croze-robust",
    sample: Annotated[int | None, typer.Option(min=1, help="Cells to draw; all of them without.")] = None,
    cells: Annotated[str, typer.Option(help="all strings, or distinct ones up to isomorphism.")] = "all",
    half: Half = "both",
    convention: Annotated[str, typer.Option(help="Corruption groups: paper or usual.")] = "paper",
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of the sample of cells and of the bootstrap.")
    ] = 0,
    score_seed: ScoreSeed = 0,
    resamples: Resamples = 1000,
    workers: Workers = 0,
    out: ScoreFolder = "runs/benchmark",
    batch_size: BatchSize = 8,
    sampling: Sampling = "balanced",
    augment: Augment = False,
    micro_batch: MicroBatch = None,
    channels: Channels = 16,
    cells_per_stage: Cells = 5,
    plot: Plot = None,
    json: Json = None,
) -> None:
    """Rank the cells of a benchmark by proxies and compare with their measured accuracies.

    Prints the columns of the paper's Table 2: Spearman's rho, its bootstrap interval, and the partial rho
    given live parameters. All rows rest on the cells on which every proxy succeeded.
    """
    from croze.assessment import assess
    from croze.benchmarks import open_truth, select, table2
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.evaluation import Evaluator, Ledger
    from croze.proxies import find_criteria
    from croze.report.comparison_plot import draw
    from croze.report.comparison_table import difference_table, rho_table
    from croze.report.figures import check_plot
    from croze.report.provenance import provenance
    from croze.spaces import open_space
    from croze.store import Store

    folder = folder_of(out)
    if plot is not None:
        check_plot(plot)
    chosen = find_criteria(proxies)
    known = open_truth(truth, dataset)
    table = table2(known, convention)
    positions = select(known, sample, seed, cells, half)
    batch = load_batch(data, size=batch_size, seed=score_seed, sampling=sampling, augment=augment)
    space = open_space(known.space, channels=channels, cells=cells_per_stage)
    evaluator = Evaluator(space, batch, score_seed, micro_batch)
    terminal = console(json)
    with (
        Store(folder, evaluator.context) as store,
        Ledger(evaluator, store, workers) as ledger,
        Bar(terminal, f"{len(chosen)} proxies", len(positions)) as bar,
    ):
        found = assess(
            known, table, positions, ledger, chosen, resamples=resamples, seed=seed, watch=bar.update
        )

    compared = found.comparison
    if not found.shortfall:
        title = f"{known.name}, {known.dataset}: scored on {len(batch)} images of {data}"
        terminal.print(rho_table(compared, title))
        if compared.differences:
            terminal.print(difference_table(compared))
    for spec, reason in found.reasons.items():
        terminal.print(f"{spec} failed on some cells, the first because: {reason}")
    spent = ", ".join(f"{spec} {milliseconds:.0f}" for spec, milliseconds in found.milliseconds.items())
    terminal.print(f"Milliseconds a cell (passes that proxies share count for the first): {spent}")
    result = {
        **found.to_json(),
        "truth": {"name": known.name, "dataset": known.dataset, **vars(known.provenance)},
        "selection": {"sample": sample, "cells": cells, "half": half, "seed": seed},
        "scored_on": {"data": data, **evaluator.context},
        "provenance": provenance(),
    }
    emit_json(json, result)
    if found.shortfall:
        terminal.print(found.shortfall)
        raise typer.Exit(1)
    if plot is not None:
        draw(compared, plot, f"{known.name}, {known.dataset}, {compared.cells} cells, seed {seed}")
        terminal.print(f"Written: {plot}")
