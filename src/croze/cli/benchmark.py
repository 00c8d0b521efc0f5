"""`croze benchmark`: how well proxies rank a published benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from croze.cli.conversion import opened_truth
from croze.cli.options import (
    Augment,
    BatchSize,
    CellsPerStage,
    Data,
    DataSet,
    Half,
    Json,
    JudgedBy,
    MicroBatch,
    Plot,
    Resamples,
    SampleSeed,
    Sampling,
    ScoreFolder,
    ScoreSeed,
    SpaceChannels,
    Truth,
    Workers,
    folder_of,
    network_of,
)
from croze.cli.page_options import PageFile, check_page

if TYPE_CHECKING:
    from croze.ranking.quality import Quality
    from croze.reporting.table import Table


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
    seed: SampleSeed = 0,
    score_seed: ScoreSeed = 0,
    resamples: Resamples = 1000,
    workers: Workers = 0,
    out: ScoreFolder = "runs/benchmark",
    batch_size: BatchSize = 8,
    sampling: Sampling = "balanced",
    augment: Augment = False,
    micro_batch: MicroBatch = None,
    channels: SpaceChannels = None,
    cells_per_stage: CellsPerStage = None,
    statistics: Annotated[
        bool,
        typer.Option(
            "--statistics", help="Print and bootstrap all statistics: Kendall, deciles, top k, regret."
        ),
    ] = False,
    judge: JudgedBy = None,
    page: PageFile = None,
    plot: Plot = None,
    json: Json = None,
) -> None:
    """Rank the cells of a benchmark by proxies and compare with their measured accuracies.

    Prints Spearman's rho, its bootstrap interval and the partial rho given live parameters for the columns of
    the paper's Table 2, or for all that the truth measures where it does not fill them; then what is left of
    the ranking when size is held fixed, and how it stands on both halves and on distinct cells. All rows rest
    on the cells on which every proxy succeeded. The result with the scores of every cell goes to
    benchmark.json in the folder of the scores.
    """
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.files import to_json, write_text
    from croze.provenance import provenance
    from croze.proxies import parse_proxies
    from croze.ranking.assessment import SIZES, assess
    from croze.ranking.benchmark_page import benchmark_page
    from croze.ranking.columns import judged_columns, printed_columns
    from croze.ranking.comparison_plot import draw
    from croze.ranking.comparison_table import difference_table, rho_table
    from croze.ranking.proxy_page import DIGITS
    from croze.reporting.chart import check_plot
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.ledger import Ledger
    from croze.scoring.store import Store
    from croze.spaces import open_space
    from croze.truth import select, sets_of

    folder = folder_of(out)
    if plot is not None:
        check_plot(plot)
    check_page(page)
    chosen = parse_proxies(proxies)
    terminal = console(json)
    known = opened_truth(truth, dataset, terminal)
    table = printed_columns(known, convention)
    columns = judged_columns(known, judge)
    positions = select(known, sample, seed, cells, half)
    batch = load_batch(data, size=batch_size, seed=score_seed, sampling=sampling, augment=augment)
    space = open_space(known.space, **network_of(known, channels=channels, cells=cells_per_stage))
    evaluator = Evaluator(space, batch, score_seed, micro_batch)
    with (
        Store(folder, evaluator.context) as store,
        Ledger(evaluator, store, workers) as ledger,
        Bar(terminal, f"{len(chosen)} proxies", len(positions)) as bar,
    ):
        found = assess(
            known,
            table,
            positions,
            ledger,
            chosen,
            resamples=resamples,
            seed=seed,
            controls=SIZES,
            watch=bar.update,
        )

    compared = found.comparison
    deep = statistics or page is not None
    judged = [
        found.quality(
            known,
            columns,
            places,
            name,
            brief=not deep and i > 0,
            resamples=resamples,
            seed=seed,
            deep=deep,
        )
        for i, (name, places) in enumerate(sets_of(known, positions, cells, half).items())
    ]
    if not found.shortfall:
        title = f"{known.name}, {known.dataset}: scored on {len(batch)} images of {data}"
        terminal.print(rho_table(compared, title))
        if compared.differences:
            terminal.print(difference_table(compared))
        for sheet in _shown(judged, columns, statistics=statistics):
            terminal.print(sheet)
    for spec, reason in found.reasons.items():
        terminal.print(f"{spec} failed on some cells, the first because: {reason}")
    spent = ", ".join(f"{spec} {milliseconds:.0f}" for spec, milliseconds in found.milliseconds.items())
    terminal.print(f"Milliseconds a cell (passes that proxies share count for the first): {spent}")
    made = provenance()
    result = {
        **found.to_json(),
        "quality": [one.to_json() for one in judged],
        "cells_scored": found.cells_to_json(known, columns),
        "truth": {"name": known.name, "dataset": known.dataset, **vars(known.provenance)},
        "selection": {"sample": sample, "cells": cells, "half": half, "seed": seed},
        "scored_on": {"data": data, **evaluator.context},
        "provenance": made,
    }
    write_text(folder / "benchmark.json", to_json(result, indented=False))
    emit_json(json, result)
    if found.shortfall:
        terminal.print(found.shortfall)
        raise typer.Exit(1)
    if page is not None:
        drawn = f"{len(positions):,} {'distinct cells' if cells == 'distinct' else 'strings'}"
        described = benchmark_page(
            known,
            compared,
            judged,
            drawn=f"{drawn} of {known.name}, {known.dataset}, half: {half}, seed {seed}",
            scores=f"{space!r}, untrained, weights from seed {score_seed}, on {len(batch)} images of {data}, "
            f"drawn {sampling} (batch {batch.digest()[:DIGITS]})",
            made=made,
        )
        write_text(page, described.markdown())
        terminal.print(f"Written: {page}")
    if plot is not None:
        draw(compared, plot, f"{known.name}, {known.dataset}, {compared.cells} cells, seed {seed}")
        terminal.print(f"Written: {plot}")


def _shown(judged: Sequence[Quality], columns: Sequence[str], *, statistics: bool) -> list[Table]:
    """The tables for the terminal: rho by set and what is left beside size; all of them when asked for."""
    from croze.ranking.quality_sheets import beyond_rho, by_set, quality_sheets

    sheets = [by_set(judged, column) for column in columns] if len(judged) > 1 else []
    if not statistics:
        return [*sheets, beyond_rho(judged[0], columns[0])]
    return [*sheets, *(sheet for one in judged for sheet in quality_sheets(one))]
