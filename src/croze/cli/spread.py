"""`croze spread`: how far rankings move with the initial weights and with the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from croze.cli.conversion import opened_truth
from croze.cli.options import (
    MAX_SEED,
    BatchSize,
    CellsPerStage,
    Data,
    DataSet,
    Half,
    Json,
    JudgedBy,
    Sampling,
    ScoreFolder,
    SpaceChannels,
    Truth,
    Workers,
    folder_of,
    network_of,
)
from croze.cli.page_options import PageFile, check_page

if TYPE_CHECKING:
    from croze.cli.progress import Bar


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
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of the sample of cells.")] = 0,
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
    from functools import partial

    import numpy as np

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.files import to_json, write_text
    from croze.provenance import provenance
    from croze.proxies import merits, parse_proxies, parts_of
    from croze.ranking import collect
    from croze.ranking.columns import judged_columns
    from croze.ranking.proxy_page import DIGITS
    from croze.ranking.spread import spread as spread_over
    from croze.ranking.spread import usable_cells
    from croze.ranking.spread_sheets import notes, spread_sheets
    from croze.reporting.page import Page
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.ledger import Ledger
    from croze.scoring.store import Store
    from croze.spaces import open_space
    from croze.truth import halves, select
    from croze.truth.classes import HALVES

    folder = folder_of(out)
    check_page(page)
    criteria = parse_proxies(proxies)
    terminal = console(json)
    known = opened_truth(truth, dataset, terminal)
    columns = judged_columns(known, judge)
    positions = select(known, sample, seed, cells, half)
    architectures = [known.architectures[i] for i in positions]
    space = open_space(known.space, **network_of(known, channels=channels, cells=cells_per_stage))
    wanted = parts_of(criteria)
    by_weights = [(score_seed + i, score_seed) for i in range(seeds)]
    by_batch = [(score_seed, score_seed + i) for i in range(batches)]
    draws = list(dict.fromkeys([*by_weights, *by_batch]))
    scores, contexts = {}, {}
    with Bar(terminal, f"{len(draws)} draws", len(draws) * len(positions)) as bar:
        for i, (weights, images) in enumerate(draws):
            batch = load_batch(data, size=batch_size, seed=images, sampling=sampling)
            evaluator = Evaluator(space, batch, weights)
            contexts[f"weights {weights}, batch {images}"] = evaluator.context
            with Store(folder, evaluator.context) as store, Ledger(evaluator, store, workers) as ledger:
                scored = collect(ledger, architectures, wanted, partial(_tell, bar, i * len(positions)))
            scores[weights, images] = merits(criteria, scored.values)
    usable = usable_cells(list(scores.values()))
    truths = {column: np.asarray(known.values(column)[positions]) for column in columns}
    sides = {half: np.ones(len(positions), dtype=np.bool_)}
    if half == "both":
        of_cell = halves(known)[positions]
        sides |= {side: of_cell == HALVES[side] for side in ("report", "choose")}
    varied = {
        "initial weights": ([w for w, _ in by_weights], by_weights),
        "batch": ([b for _, b in by_batch], by_batch),
    }
    found = [
        spread_over(
            what,
            numbers,
            [{spec: values[inside] for spec, values in scores[draw].items()} for draw in drawn],
            {column: values[inside] for column, values in truths.items()},
            usable[inside],
            tolerance,
            side,
        )
        for what, (numbers, drawn) in varied.items()
        for side, inside in sides.items()
    ]
    made = provenance()
    result = {
        "spread": [one.to_json() for one in found],
        "cells": {
            "architecture": architectures,
            "draws": [
                {
                    "weights": weights,
                    "batch": images,
                    "scores": {
                        spec: [value if np.isfinite(value) else None for value in values.tolist()]
                        for spec, values in one.items()
                    },
                }
                for (weights, images), one in scores.items()
            ],
        },
        "truth": {"name": known.name, "dataset": known.dataset, **vars(known.provenance)},
        "selection": {"sample": sample, "cells": cells, "half": half, "seed": seed},
        "scored_on": {"data": data, "contexts": contexts},
        "provenance": made,
    }
    write_text(folder / "spread.json", to_json(result, indented=False))
    emit_json(json, result)
    sheets = [sheet for one in found for sheet in spread_sheets(one)]
    for sheet in sheets:
        terminal.print(sheet)
    if page is not None:
        files = ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in known.provenance.sha256.items())
        basis = [
            f"cells: {len(positions):,} {cells} ones of {known.name}, {known.dataset}, half: {half}, "
            f"seed {seed}",
            f"scores: {space!r}, untrained, {batch_size} images of {data}, drawn {sampling}; first seed "
            f"{score_seed}",
            ", ".join(f"{name} {version}" for name, version in made["versions"].items()),
            f"files (SHA-256): {files}",
        ]
        about = (
            "How far the rankings of proxies move with the initial weights and with the batch, on the same "
            f"cells of {known.name}."
        )
        described = Page("The spread of rankings", about, made["command"], basis, notes(tolerance), sheets)
        write_text(page, described.markdown())
        terminal.print(f"Written: {page}")


def _tell(bar: Bar, before: int, done: int) -> None:
    bar.update(before + done)
