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
        int | None, typer.Option(min=1, help="The same for the choose half; as many without.")
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
        int, typer.Option(min=0, max=MAX_SEED, help="Of the draws of cells and of the bootstrap.")
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
    from croze.cli.conversion import opened_truth
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.errors import CrozeError
    from croze.files import write_text
    from croze.provenance import provenance
    from croze.proxies import parts_of
    from croze.ranking import CONTROL, agree, collect, counterparts, criteria_of, proxy_of, survey, time_alone
    from croze.ranking.proxy_page import Basis, Scoring, render
    from croze.reporting.text import rho_text
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.ledger import Ledger
    from croze.scoring.store import Store
    from croze.spaces import open_space
    from croze.truth import read_published, select

    folder = folder_of(out)
    if page.is_dir():
        raise CrozeError(f"--page takes the name of a file, got the folder {page}.")
    criteria = criteria_of(proxies)
    terminal = console(json)
    known = opened_truth(truth, dataset, terminal)
    choose = select(known, choose_sample or sample, seed, cells="distinct", half="choose")
    report = select(known, sample, seed, cells="distinct", half="report")
    space = open_space(known.space, channels=channels, cells=cells_per_stage)
    theirs, pairs = None, counterparts(criteria)
    if published is not None and pairs:
        theirs = read_published(published, [pair.column for pair in pairs], space.parse)
        drawn = theirs.draw(published_sample, seed)
        images = load_batch(data, size=published_batch_size, seed=score_seed, sampling="random")
        beside = Evaluator(space, images, score_seed)
    batch = load_batch(data, size=batch_size, seed=score_seed)
    evaluator = Evaluator(space, batch, score_seed)
    if published is not None and not pairs:
        terminal.print(f"None of these proxies is compared with {published}.")

    with Store(folder, evaluator.context) as store, Ledger(evaluator, store, workers) as ledger:
        what = f"{len(parts_of([*criteria, CONTROL]))} proxies"
        with Bar(terminal, what, len(choose) + len(report)) as bar:
            found = survey(
                known,
                choose,
                report,
                ledger,
                criteria,
                resamples=resamples,
                seed=seed,
                watch=bar.update,
            )

    described = None
    if theirs is not None:
        wanted = [proxy_of(pair) for pair in pairs]
        with (
            Store(folder, beside.context) as store,
            Ledger(beside, store, workers) as ledger,
            Bar(terminal, f"{len(wanted)} published proxies", len(drawn)) as bar,
        ):
            scored = collect(ledger, [theirs.architectures[i] for i in drawn], wanted, bar.update)
        found = found.with_agreements(agree(theirs, drawn, scored, pairs))
        scoring = Scoring(data, "at random", len(images), images.digest(), len(drawn))
        described = (theirs.name, theirs.sha256, scoring)

    if timing_cells:
        timed = [known.architectures[i] for i in report[:timing_cells]]
        with Bar(terminal, "each proxy alone", len(timed) * len(criteria)) as bar:
            found = found.with_times(time_alone(evaluator, timed, criteria, bar.update), len(timed))

    made = provenance()
    basis = Basis(
        command=made["command"],
        truth=known.name,
        dataset=known.dataset,
        files=known.provenance.sha256,
        space=repr(space),
        seed=seed,
        score_seed=score_seed,
        scoring=Scoring(data, "balanced over the classes", len(batch), batch.digest(), sample),
        versions=made["versions"],
        published=described,
    )
    write_text(page, render(found, basis))
    emit_json(json, {**found.to_json(), "basis": basis.to_json(), "provenance": made})
    for outcome in found.outcomes:
        target = outcome.target
        kind = "partial rho" if target.partial else "rho"
        wanted_least = f"{rho_text(target.least)} wanted"
        terminal.print(f"croze-robust, {target.column}, {kind}: {rho_text(outcome.value)} ({wanted_least})")
    terminal.print(f"Written: {page}")
    if found.shortfall:
        terminal.print(found.shortfall)
        raise typer.Exit(1)
