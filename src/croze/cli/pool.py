"""`croze pool`: many cells of a space, trained and evaluated the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    Data,
    Devices,
    Json,
    SpaceChannels,
    SpaceLayers,
    SpaceName,
    devices_of,
    folder_of,
)
from croze.cli.training_options import (
    Attacks,
    Corruptions,
    Epochs,
    Epsilons,
    EpsilonsL2,
    Limits,
    MixedPrecision,
    RecipeName,
    RecipeSettings,
    TestData,
    TestImages,
    TrainingBatch,
    TrainingImages,
    recipe_of,
    space_settings,
)
from croze.cli.verbs import PLAIN

pool = typer.Typer(
    help="Train many cells of a space, as ground truth for proxies.",
    no_args_is_help=True,
    **PLAIN,
)


@pool.command("train", short_help="Train and evaluate cells of a space.")
def train(
    space: SpaceName = "nasbench201",
    cells: Annotated[
        int | None,
        typer.Option(min=1, help="Number of cells to draw, no two isomorphic.", show_default="100"),
    ] = None,
    arch_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Train the architectures of this file instead, one per line."),
    ] = None,
    recipe: RecipeName = "standard",
    epochs: Epochs = None,
    batch_size: TrainingBatch = None,
    settings: RecipeSettings = None,
    data: Data = "digits",
    images: TrainingImages = None,
    test_data: TestData = None,
    test_images: TestImages = 1000,
    attacks: Attacks = "fgsm,pgd",
    epsilon: Epsilons = "8/255",
    epsilon_l2: EpsilonsL2 = "none",
    corruptions: Corruptions = "all",
    limits: Limits = None,
    channels: SpaceChannels = None,
    cells_per_stage: Annotated[
        int | None,
        typer.Option(min=1, help="Cells per stage, in nasbench201.", show_default="the space's own"),
    ] = None,
    layers: SpaceLayers = None,
    seed: Annotated[
        int,
        typer.Option(min=0, max=MAX_SEED, help="Random seed of cells, weights, split, order and attacks."),
    ] = 0,
    workers: Annotated[
        int, typer.Option(min=0, help="Worker processes with one torch thread each; 0 for one per core.")
    ] = 0,
    device: Devices = None,
    mixed_precision: MixedPrecision = False,
    out: Annotated[
        str, typer.Option(help="Folder of the pool; the same command resumes from what is there.")
    ] = ("runs/pool"),
    json: Json = None,
) -> None:
    """Train cells of a space and evaluate each, as ground truth for `--truth pool:DIR`.

    An interrupted command continues when it is run again; with more cells or attacks it adds those. The same
    command in a second process, or on a machine that shares the folder, trains cells that are not in work.
    """
    import sys
    from contextlib import redirect_stdout

    from croze.cli.arch_file import architectures_of
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.errors import CrozeError
    from croze.pool.run import PoolRun
    from croze.pool.truth import pool_json, pool_table
    from croze.provenance import provenance
    from croze.robustness.plan import plan_evaluation
    from croze.scoring.population import draw
    from croze.spaces import open_space

    if cells is not None and arch_file is not None:
        raise CrozeError("Give the cells by --cells (drawn) or by --arch-file, not both.")
    folder = folder_of(out)
    chosen = recipe_of(recipe, settings, epochs=epochs, batch_size=batch_size)
    plan = plan_evaluation(attacks, epsilon, epsilon_l2, limits or [], corruptions)
    devices = devices_of(device)
    own = space_settings(channels=channels, cells=cells_per_stage, layers=layers)
    with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
        opened = open_space(space, **dict(own))
    if arch_file is not None:
        names = architectures_of(arch_file, opened)
    else:
        names = tuple(draw(opened, cells or 100, seed))
    terminal = console(json)
    run = PoolRun(
        folder=folder, space=space, settings=own, recipe=chosen, plan=plan, seed=seed, data=data,
        images=images, test_data=test_data, test_images=test_images, workers=workers, devices=devices,
        mixed_precision=mixed_precision,
    )  # fmt: skip
    with redirect_stdout(sys.stderr), Bars(terminal) as bars:
        found = run.train(names, bars)
    terminal.print(pool_table(found))
    terminal.print(f"Written: {folder}. Next: croze benchmark --truth pool:{folder} --data {data}")
    emit_json(json, {**pool_json(found), "provenance": provenance()})


@pool.command("show", short_help="Show the results of a pool.")
def show(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a pool.")],
    sort: Annotated[str, typer.Option(help="Column to sort by, best first: clean, fgsm@8, corruptions.")] = (
        "clean"
    ),
    top: Annotated[int, typer.Option(min=1, help="Maximum number of cells.")] = 20,
    json: Json = None,
) -> None:
    """Show the trained cells of a pool, sorted by accuracy."""
    from croze.cli.output import console, emit_json
    from croze.pool import read_pool
    from croze.pool.truth import pool_json, pool_table

    found = read_pool(folder)
    console(json).print(pool_table(found, sort, top))
    emit_json(json, pool_json(found))
