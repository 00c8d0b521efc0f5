"""`croze simulate`: search strategies replayed on published accuracies."""

from __future__ import annotations

import os
from pathlib import Path
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
    Sampling,
    Truth,
    Workers,
    folder_of,
)


def simulate(
    truth: Truth,
    dataset: DataSet = "cifar10",
    clean: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="NAS-Bench-201's clean accuracies; the truth's own without."),
    ] = None,
    target: Annotated[
        str,
        typer.Option(metavar="NAME=PERCENT,...", help="Accuracies to search for, and what counts as found."),
    ] = "clean=93.5,fgsm-8=46",
    guides: Annotated[
        str, typer.Option(help="Comma-separated proxies and aggregates that guide warm-up and move.")
    ] = "croze-official,croze-robust",
    strategies: Annotated[
        str, typer.Option(help="Comma-separated; `croze list algorithms` names them. random is always there.")
    ] = "random,evolution,random+warmup,evolution+warmup,evolution+move,evolution+warmup+move",
    runs: Annotated[int, typer.Option(min=1, help="Replays of each.")] = 100,
    budget: Annotated[int, typer.Option(min=1, help="Models that a run trains at most.")] = 1000,
    half: Half = "both",
    pool: Annotated[
        int | None,
        typer.Option(min=1, help="Of warmup: architectures drawn and looked at first.  [default: 3000]"),
    ] = None,
    population: Annotated[
        int | None, typer.Option(min=1, help="Of evolution and move: architectures alive.")
    ] = None,
    tournament: Annotated[
        int | None, typer.Option(min=1, help="Of evolution: drawn for each parent.")
    ] = None,
    brood: Annotated[
        int | None, typer.Option(min=1, help="Of move: neighbours to choose a child from; all without.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of the strategies.")] = 0,
    data: Data = "digits",
    score_seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of the guides' weights, batch and noise.")
    ] = 0,
    batch_size: BatchSize = 8,
    sampling: Sampling = "balanced",
    augment: Augment = False,
    micro_batch: MicroBatch = None,
    channels: Channels = 16,
    cells_per_stage: Cells = 5,
    workers: Workers = 0,
    out: Annotated[
        str, typer.Option(help="Folder of the scores, those of `croze benchmark` included.")
    ] = "runs/benchmark",
    plot: Plot = None,
    page: Annotated[Path | None, typer.Option(help="Write the result to this Markdown file.")] = None,
    json: Json = None,
) -> None:
    """Replay search strategies on a benchmark: the best accuracy against the number of trained models.

    The paper's Figure 3, also as `croze reproduce figure3`. Guides score every distinct cell once; ended at
    any moment, the same command goes on. The replays themselves take minutes.
    """
    from croze.cli.conversion import opened_truth
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.errors import CrozeError
    from croze.files import write_text
    from croze.paper.simulation import (
        TabularMoves,
        check_strategies,
        opinions,
        parse_goals,
        runs_wanted,
        targets_of,
    )
    from croze.paper.simulation import simulate as replay_all
    from croze.paper.simulation_page import Basis, render
    from croze.paper.simulation_plot import draw_simulation
    from croze.paper.simulation_sheets import goals as goals_of
    from croze.paper.simulation_sheets import sheets
    from croze.provenance import provenance
    from croze.proxies import parse_proxies, parts_of
    from croze.ranking.scored import Scoring
    from croze.reporting.chart import check_plot
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.ledger import Ledger
    from croze.scoring.store import Store
    from croze.searching.strategies import takes_guide
    from croze.spaces import open_space
    from croze.truth import nasbench201, select

    folder = folder_of(out)
    if plot is not None:
        check_plot(plot)
    if page is not None and page.is_dir():
        raise CrozeError(f"--page takes the name of a file, got the folder {page}.")
    given = {"pool": pool, "population": population, "tournament": tournament, "brood": brood}
    settings = {key: value for key, value in given.items() if value is not None}
    goals = parse_goals(target)
    terminal = console(json)
    known = opened_truth(truth, dataset, terminal)
    measured = None if clean is None else opened_truth(f"{nasbench201.NAME}:{clean}", dataset, terminal)
    targets = targets_of(known, goals, measured)
    space = open_space(known.space, channels=channels, cells=cells_per_stage)
    moves = TabularMoves(known, space, select(known, half=half))
    names = check_strategies(strategies.split(","), settings, moves)
    criteria = parse_proxies(guides) if any(map(takes_guide, names)) else []
    batch = load_batch(data, size=batch_size, seed=score_seed, sampling=sampling, augment=augment)
    evaluator = Evaluator(space, batch, score_seed, micro_batch)

    opined = []
    if criteria:
        with Store(folder, evaluator.context) as store, Ledger(evaluator, store, workers) as ledger:
            what = f"{len(parts_of(criteria))} proxies"
            with Bar(terminal, what, len(moves.representatives)) as bar:
                opined = opinions(known, moves.representatives, ledger, criteria, bar.update)
    with Bar(terminal, "runs", runs_wanted(names, len(opined), len(targets), runs)) as bar:
        found = replay_all(
            moves,
            targets,
            opined,
            names,
            runs=runs,
            budget=budget,
            seed=seed,
            settings=settings,
            watch=bar.update,
        )

    made = provenance()
    files = {**known.provenance.sha256, **(measured.provenance.sha256 if measured else {})}
    basis = Basis(
        command=made["command"],
        truth=known.name,
        dataset=known.dataset,
        files=files,
        half=half,
        space=repr(space),
        score_seed=score_seed,
        scoring=Scoring(
            data,
            "balanced over the classes" if sampling == "balanced" else "at random",
            len(batch),
            batch.digest(),
            len(moves.representatives),
        ),
        versions=made["versions"],
    )
    emit_json(json, {**found.to_json(), "basis": basis.to_json(), "provenance": made})
    for line in goals_of(found):
        terminal.print(line)
    for sheet in sheets(found):
        terminal.print(sheet)
    written = []
    if plot is not None:
        title = (
            f"{runs:,} runs on {known.name}, {known.dataset}, {len(moves.representatives):,} distinct cells"
        )
        draw_simulation(found, plot, title)
        written.append(str(plot))
    if page is not None:
        figure = None if plot is None else Path(os.path.relpath(plot, page.parent)).as_posix()
        write_text(page, render(found, basis, figure))
        written.append(str(page))
    if written:
        terminal.print(f"Written: {', '.join(written)}")
