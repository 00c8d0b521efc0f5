"""`croze reproduce table5`: whom each set of CRoZe's components chooses, and how good it is."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import (
    BatchSize,
    Cells,
    Channels,
    Data,
    DataSet,
    Json,
    Resamples,
    SampleSeed,
    ScoreFolder,
    ScoreSeed,
    Truth,
    Workers,
    folder_of,
)
from croze.cli.page_options import AllCells, Forms, PageFile, check_page, sample_of


def table5(
    truth: Truth,
    dataset: DataSet = "cifar10",
    data: Data = "digits",
    form: Forms = "croze-paper,croze-official",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Distinct cells to draw; all of them without.")
    ] = None,
    all_cells: AllCells = False,
    seed: SampleSeed = 0,
    score_seed: ScoreSeed = 0,
    resamples: Resamples = 1000,
    batch_size: BatchSize = 8,
    channels: Channels = 16,
    cells_per_stage: Cells = 5,
    workers: Workers = 0,
    out: ScoreFolder = "runs/table5",
    page: PageFile = None,
    json: Json = None,
) -> None:
    """Choose a cell by each set of CRoZe's components and look its accuracies up.

    The NAS-Bench-201 half of the paper's Table 5, beside it how each set ranks all cells. Killed or stopped,
    the same command goes on where it was.
    """
    from croze.cli.conversion import opened_truth
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.files import write_text
    from croze.paper.component_sets import PRINTED_CELL, component_sets
    from croze.paper.component_sets_sheets import notes, sheets
    from croze.paper.forms import find_forms
    from croze.provenance import provenance
    from croze.ranking.scored import DIGITS
    from croze.reporting.page import Page
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.ledger import Ledger
    from croze.scoring.store import Store
    from croze.spaces import open_space
    from croze.truth import select

    folder = folder_of(out)
    check_page(page)
    forms = find_forms(form)
    terminal = console(json)
    known = opened_truth(truth, dataset, terminal)
    sample = sample_of(sample, all_cells=all_cells)
    positions = select(known, sample, seed, "distinct")
    batch = load_batch(data, size=batch_size, seed=score_seed)
    space = open_space(known.space, channels=channels, cells=cells_per_stage)
    evaluator = Evaluator(space, batch, score_seed)
    with (
        Store(folder, evaluator.context) as store,
        Ledger(evaluator, store, workers) as ledger,
        Bar(terminal, "cells", len(positions)) as bar,
    ):
        found = component_sets(
            known, positions, ledger, forms, resamples=resamples, seed=seed, watch=bar.update
        )

    made = provenance()
    printed = (known.space, known.dataset) == ("nasbench201", "cifar10")
    drawn = "all" if sample is None else f"drawn with seed {seed} from {len(known.distinct):,}"
    if printed and PRINTED_CELL not in {known.architectures[i] for i in positions}:
        drawn += (
            "; the cell of 3x3 convolutions on all edges, which the paper's sets but F choose, is not among "
            "them, so the differences to the paper say little here"
        )
    files = ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in known.provenance.sha256.items())
    basis = [
        f"cells: {found.chosen:,} distinct ones of {known.name}, {known.dataset}, {drawn}",
        f"scores: {space!r}, untrained, weights from seed {score_seed}, on {batch_size} images of {data}, "
        f"drawn balanced over the classes (batch {batch.digest()[:DIGITS]})",
        ", ".join(f"{name} {version}" for name, version in made["versions"].items()),
        f"files (SHA-256): {files}",
    ]
    emit_json(json, {**found.to_json(), "basis": basis, "scored_on": evaluator.context, "provenance": made})
    tables = sheets(found, printed=printed)
    for sheet in tables:
        terminal.print(sheet)
    if page is not None:
        about = (
            "Which cell each set of CRoZe's three components ranks first, and how good that cell is by "
            f"{known.name}: the NAS-Bench-201 half of the paper's Table 5."
        )
        described = Page(
            "CRoZe's components, one by one",
            about,
            made["command"],
            basis,
            notes(found, printed=printed),
            tables,
        )
        write_text(page, described.markdown())
        terminal.print(f"Written: {page}")
