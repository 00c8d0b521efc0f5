"""`croze benchmark`: how well proxies rank a published benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli.options import MAX_SEED, Augment, BatchSize, Cells, Channels, Data, Json, Sampling, Workers


def benchmark(
    truth: Annotated[str, typer.Option(help="Ground truth, NAME:PATH; `croze list benchmarks` names them.")],
    dataset: Annotated[
        str, typer.Option(help="Data set of the truth: cifar10, cifar100 or imagenet16-120.")
    ] = "cifar10",
    data: Data = "digits",
    proxies: Annotated[
        str, typer.Option(help="Comma-separated; the others are compared with the first.")
    ] = "params,croze-official,croze-positional",
    sample: Annotated[int | None, typer.Option(min=1, help="Cells to draw; all of them without.")] = None,
    cells: Annotated[str, typer.Option(help="all strings, or distinct ones up to isomorphism.")] = "all",
    half: Annotated[str, typer.Option(help="choose, report or both halves of the cells.")] = "both",
    convention: Annotated[str, typer.Option(help="Corruption groups: paper or usual.")] = "paper",
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of the sample of cells and of the bootstrap.")
    ] = 0,
    score_seed: Annotated[
        int,
        typer.Option(
            min=0, max=MAX_SEED, help="Of weights, batch and noise; other samples reuse these scores."
        ),
    ] = 0,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 1000,
    workers: Workers = 0,
    out: Annotated[Path, typer.Option(help="Folder of the scores; the same command goes on there.")] = Path(
        "runs/benchmark"
    ),
    batch_size: BatchSize = 8,
    sampling: Sampling = "balanced",
    augment: Augment = False,
    channels: Channels = 16,
    cells_per_stage: Cells = 5,
    plot: Annotated[Path | None, typer.Option(help="Write the figure to this PNG, SVG or PDF.")] = None,
    json: Json = None,
) -> None:
    """Rank the cells of a benchmark by proxies and compare with their measured accuracies.

    Prints the columns of the paper's Table 2: Spearman's rho, its bootstrap interval, and the partial rho
    given live parameters. All rows rest on the cells on which every proxy succeeded.
    """
    import math

    import numpy as np

    from croze.benchmarks import compare, open_truth, select, table2
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.evaluation import Evaluator, Ledger
    from croze.proxies import find_proxies
    from croze.proxies.size import LiveParams
    from croze.report.comparison_table import difference_table, rho_table
    from croze.report.provenance import provenance
    from croze.spaces.nasbench201 import NASBench201
    from croze.store import Store

    chosen = find_proxies(proxies)
    known = open_truth(truth, dataset)
    table = table2(known, convention)
    positions = select(known, sample, seed, cells, half)
    architectures = [known.architectures[i] for i in positions]
    control = LiveParams()
    wanted = [*chosen, *([control] if control not in chosen else [])]
    batch = load_batch(data, size=batch_size, seed=score_seed, sampling=sampling, augment=augment)
    evaluator = Evaluator(NASBench201(channels, cells_per_stage), batch, score_seed)
    terminal = console(json)

    scores = {proxy.spec: dict[str, float]() for proxy in wanted}
    reasons: dict[str, str] = {}
    seconds = {proxy.spec: 0.0 for proxy in wanted}
    with Store(out, evaluator.context) as store:
        ledger = Ledger(evaluator, store, workers)
        try:
            with Bar(terminal, f"{len(chosen)} proxies", len(architectures)) as bar:
                for done, (architecture, found) in enumerate(ledger.scores(architectures, wanted), start=1):
                    for score in found:
                        scores[score.proxy][architecture] = math.nan if score.value is None else score.value
                        seconds[score.proxy] += score.seconds
                        if not score.ok:
                            reasons.setdefault(score.proxy, score.reason)
                    bar.update(done)
        finally:
            ledger.close()

    by_proxy = {
        spec: np.array([values[architecture] for architecture in architectures])
        for spec, values in scores.items()
    }
    # a proxy where lower is better is turned round, so that every rho reads the same way
    oriented = {p.spec: by_proxy[p.spec] if p.higher_is_better else -by_proxy[p.spec] for p in chosen}
    found_all = compare(
        known,
        table,
        positions,
        oriented,
        by_proxy[control.spec],
        reference=chosen[0].spec,
        resamples=resamples,
        seed=seed,
    )
    terminal.print(
        rho_table(found_all, f"{known.name}, {known.dataset}: scored on {len(batch)} images of {data}")
    )
    if found_all.differences:
        terminal.print(difference_table(found_all))
    for spec, reason in reasons.items():
        terminal.print(f"{spec} failed on some cells, the first because: {reason}")
    spent = ", ".join(f"{spec} {1000 * s / len(architectures):.0f}" for spec, s in seconds.items())
    terminal.print(f"Milliseconds a cell (passes that proxies share count for the first): {spent}")
    result = {
        **found_all.to_json(),
        "truth": {"name": known.name, "dataset": known.dataset, **vars(known.provenance)},
        "selection": {"sample": sample, "cells": cells, "half": half, "seed": seed},
        "scored_on": {"data": data, **evaluator.context},
        "milliseconds_per_cell": {spec: 1000 * s / len(architectures) for spec, s in seconds.items()},
        "provenance": provenance(),
    }
    if plot is not None:
        from croze.report.comparison_plot import draw

        draw(found_all, plot, f"{known.name}, {known.dataset}, {found_all.cells} cells, seed {seed}")
        terminal.print(f"Written: {plot}")
    emit_json(json, result)
