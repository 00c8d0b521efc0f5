"""`croze reproduce table5-darts`: whom each set of CRoZe's components chooses, trained and evaluated."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    BatchSize,
    Data,
    Devices,
    Json,
    SpaceCells,
    SpaceChannels,
    SpaceLayers,
    SpaceName,
    Workers,
    devices_of,
    folder_of,
)
from croze.cli.page_options import Forms, PageFile, check_page
from croze.cli.training_options import (
    Epochs,
    RecipeSettings,
    TestData,
    TestImages,
    TrainingImages,
    recipe_of,
    space_settings,
)


def table5_darts(
    space: SpaceName = "darts",
    sample: Annotated[int, typer.Option(min=1, help="Candidates to draw; the paper scores 5,000.")] = 1000,
    form: Forms = "croze-official",
    recipe: Annotated[
        str, typer.Option(help="How winners are trained; the paper's is standard.")
    ] = "standard",
    epochs: Epochs = None,
    settings: RecipeSettings = None,
    data: Data = "digits",
    dataset: Annotated[
        str, typer.Option(help="What it is; the paper's figures are of cifar10 and stand beside ours then.")
    ] = "own",
    images: TrainingImages = None,
    test_data: TestData = None,
    test_images: TestImages = 10000,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of candidates, weights, batch, split, order.")
    ] = 0,
    batch_size: BatchSize = 8,
    channels: SpaceChannels = None,
    cells: SpaceCells = None,
    layers: SpaceLayers = None,
    workers: Workers = 0,
    device: Devices = None,
    out: Annotated[str, typer.Option(help="Folder of scores and trainings; goes on there.")] = (
        "runs/table5-darts"
    ),
    page: PageFile = None,
    json: Json = None,
) -> None:
    """Score candidates, train what each set of components ranks first, and evaluate it (Table 5, DARTS).

    Clean accuracy, the mean over corruptions, FGSM at 8/255, HRS and their average. Killed or stopped, the
    same command goes on where it was.
    """
    import sys
    from contextlib import redirect_stdout

    from croze.cli.output import console, emit_json
    from croze.cli.pool_run import PoolRun
    from croze.cli.progress import Bar
    from croze.data import load_batch
    from croze.files import write_text
    from croze.paper.forms import find_forms
    from croze.paper.trained_sets import choose_by_sets, trained_rows
    from croze.paper.trained_sets_sheets import trained_notes, trained_sheets
    from croze.provenance import provenance
    from croze.reporting.page import Page
    from croze.robustness.plan import plan_trials
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.ledger import Ledger
    from croze.scoring.population import draw
    from croze.scoring.store import Store
    from croze.spaces import open_space
    from croze.truth import open_truth

    folder = folder_of(out)
    check_page(page)
    forms = find_forms(form)
    chosen_recipe = recipe_of(recipe, settings, epochs=epochs)
    devices = devices_of(device)
    own = space_settings(channels=channels, cells=cells, layers=layers)
    with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
        opened = open_space(space, **dict(own))
    terminal = console(json)
    candidates = draw(opened, sample, seed)
    batch = load_batch(data, size=batch_size, seed=seed)
    scores_from = devices[0].partition(":")[0] if devices else "cpu"
    evaluator = Evaluator(opened, batch, seed, scores_from=scores_from)
    with (
        Store(folder / "scores", evaluator.context) as store,
        Ledger(evaluator, store, workers, devices=devices) as ledger,
        Bar(terminal, "candidates", len(candidates)) as bar,
    ):
        best = choose_by_sets(ledger, candidates, forms, bar.update)
    winners = list(dict.fromkeys(one.architecture for by_set in best.values() for one in by_set.values()))
    run = PoolRun(
        folder / "trained",
        space,
        own,
        chosen_recipe,
        plan_trials("fgsm", "8/255", "none", [], "all"),
        seed,
        data,
        images,
        test_data,
        test_images,
        workers,
        devices,
    )
    with redirect_stdout(sys.stderr):
        trained = run.train(winners, terminal)
    rows = trained_rows(best, open_truth(f"pool:{folder / 'trained'}", dataset))
    printed = opened.name == "darts" and dataset == "cifar10"
    tables = trained_sheets(rows, printed=printed)
    for sheet in tables:
        terminal.print(sheet)
    made = provenance()
    basis = [
        f"candidates: {sample:,} distinct ones of {opened!r}, drawn with seed {seed}",
        f"scores: untrained, weights from seed {seed}, on {batch_size} images of {data}",
        f"training: {chosen_recipe.method}, {chosen_recipe.epochs} epochs on {images or 'all'} images of "
        f"{data}",
        f"evaluation: {trained.members[0].result.images['clean']:,} images of "
        f"{test_data or 'the same, set aside'}",
        *(f"failed: {name}: {reason}" for name, reason in trained.failures.items()),
        ", ".join(f"{name} {version}" for name, version in made["versions"].items()),
    ]
    emit_json(json, {"rows": [row.to_json() for row in rows], "basis": basis, "provenance": made})
    if page is not None:
        about = (
            "What each set of CRoZe's components chooses is trained and evaluated: the DARTS half of Table 5."
        )
        described = Page(
            "CRoZe's components on DARTS",
            about,
            made["command"],
            basis,
            trained_notes(printed=printed),
            tables,
        )
        write_text(page, described.markdown())
        terminal.print(f"Written: {page}")
