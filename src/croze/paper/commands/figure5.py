"""`croze reproduce figure5`: scores in the single-step state against scores after training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    BatchSize,
    Data,
    Json,
    Plot,
    Resamples,
    SampleSeed,
    ScoreFolder,
    SpaceCells,
    SpaceChannels,
    SpaceLayers,
    SpaceName,
    Workers,
    folder_of,
)
from croze.cli.page_options import Forms, PageFile, check_page

SAMPLE = 100
"""Cells that are drawn where nobody says how many."""


def figure5(
    space: SpaceName = "nasbench201",
    sample: Annotated[
        int | None,
        typer.Option(min=1, help=f"Distinct cells to draw, {SAMPLE} without; with --pool so many of its."),
    ] = None,
    steps: Annotated[int, typer.Option(min=0, help="Steps of training before the later state.")] = 10,
    pool: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Compare with full training too: a folder of trained cells."),
    ] = None,
    data: Data = "digits",
    images: Annotated[
        int | None,
        typer.Option(min=2, help="Take the steps on so many images, as `croze train --images`; all without."),
    ] = None,
    form: Forms = "croze-paper,croze-official,croze-positional",
    seed: SampleSeed = 0,
    score_seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of weights, batch, and order of the training images.")
    ] = 0,
    resamples: Resamples = 1000,
    batch_size: BatchSize = 8,
    channels: SpaceChannels = None,
    cells: SpaceCells = None,
    layers: SpaceLayers = None,
    workers: Workers = 0,
    out: ScoreFolder = "runs/figure5",
    plot: Plot = None,
    page: PageFile = None,
    json: Json = None,
) -> None:
    """Rank cells by scores of the initialised, the slightly trained and the fully trained network.

    The paper's Figure 5: Spearman's rho between a form of CRoZe, or one of its components, in the single-step
    state and the same after some steps of training, and with --pool after full training. Killed or stopped,
    the same command goes on where it was.
    """
    import sys
    from contextlib import redirect_stdout

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import draw, open_dataset
    from croze.data.cached import cached
    from croze.errors import CrozeError
    from croze.files import write_text
    from croze.paper.forms import find_forms
    from croze.paper.predictiveness import distinct_states, predictiveness
    from croze.paper.predictiveness_plot import CAPTION, draw_predictiveness
    from croze.paper.predictiveness_sheets import counted, notes, sheets
    from croze.paper.states import State, after_steps, as_trained, initialised, trained
    from croze.pool import read_pool
    from croze.provenance import provenance
    from croze.ranking.scored import DIGITS
    from croze.reporting.chart import check_plot
    from croze.reporting.page import Page
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.population import draw as draw_cells
    from croze.spaces import open_space
    from croze.training import find_recipe, split

    folder = folder_of(out)
    check_page(page)
    if plot is not None:
        check_plot(plot)
    forms = find_forms(form)
    recipe = find_recipe("standard")
    with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
        opened = open_space(space, channels=channels, cells=cells, layers=layers)
    members = [] if pool is None else [(one.architecture, one.folder) for one in read_pool(pool).members]
    if pool is not None and sample is not None and sample > len(members):
        raise CrozeError(f"A sample of {sample} cells cannot be drawn: {pool} holds {len(members)}.")
    members = members[:sample]
    architectures = [name for name, _ in members] or draw_cells(opened, sample or SAMPLE, seed)
    dataset = open_dataset(data)
    evaluator = Evaluator(opened, draw(dataset, size=batch_size, seed=score_seed), score_seed)
    terminal = console(json)
    first, _ = split(dataset, recipe.validation, score_seed, images)
    with Bar(terminal, "reading images", len(first)) as bar:
        training = cached(dataset, first, lambda done, _: bar.update(done))

    early = initialised(evaluator, architectures)
    pairs: list[tuple[State, State]] = [
        (early, after_steps(evaluator, architectures, training, recipe, steps))
    ]
    if members:
        usual = all(evaluator.flavour_for(one) == opened.flavours[0] for one in forms)
        same = early if usual else as_trained(evaluator, architectures)
        pairs.append((same, trained(evaluator, members)))
    total = len(distinct_states(pairs)) * len(architectures)
    with Bar(terminal, "networks", total) as bar:
        found = predictiveness(
            pairs,
            forms,
            folder,
            workers=workers,
            resamples=resamples,
            seed=seed,
            watch=lambda state, done: bar.update(done, state),
        )

    made = provenance()
    drawn = f"of the pool {pool}" if members else f"distinct ones of {opened!r}, drawn with seed {seed}"
    basis = [
        f"{counted(found)}; {drawn}",
        f"scores: weights from seed {score_seed}, {batch_size} images of {data}, drawn balanced over the "
        f"classes (batch {evaluator.batch.digest()[:DIGITS]})",
        f"{steps} steps: SGD with lr {recipe.lr:g}, momentum {recipe.momentum:g}, weight decay "
        f"{recipe.weight_decay:g}, batch {min(recipe.batch_size, len(training))}, padded crops and flips, "
        f"gradients clipped at a norm of {recipe.clip:g}, on {len(training):,} training images, order from "
        f"seed {score_seed}: the first steps of `croze train`, from the weights that the single-step state "
        "has, in the network that each form is defined on",
    ]
    if members:
        basis.append(
            f"full training: the best epoch of {len(members):,} trainings in {pool}; its single-step state "
            "is that of the network as it was trained, for every form"
        )
    basis.append(", ".join(f"{name} {version}" for name, version in made["versions"].items()))
    emit_json(json, {**found.to_json(), "basis": basis, "scored_on": evaluator.context, "provenance": made})
    tables = sheets(found)
    for sheet in tables:
        terminal.print(sheet)
    written = []
    if plot is not None:
        draw_predictiveness(found, plot, f"{found.n:,} cells of {opened.name}, seed {seed}")
        written.append(str(plot))
    if page is not None:
        figure = "" if plot is None else Path(os.path.relpath(plot, page.parent)).as_posix()
        about = (
            "How well the score of an initialised network says what the score of the same network will be "
            "after training: the paper's Figure 5 and section 4.4."
        )
        described = Page(
            "Scores before and after training",
            about,
            made["command"],
            basis,
            notes(found),
            tables,
            figure,
            CAPTION,
        )
        write_text(page, described.markdown())
        written.append(str(page))
    if written:
        terminal.print(f"Written: {', '.join(written)}")
