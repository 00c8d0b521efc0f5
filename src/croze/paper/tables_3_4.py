"""Tables 3 and 4: search, standard or adversarial training and evaluation, over several searches."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import (
    Data,
    Devices,
    Json,
    PageFile,
    SpaceChannels,
    SpaceLayers,
    SpaceName,
    Workers,
    devices_of,
    folder_of,
)
from croze.cli.output import console
from croze.cli.training_options import (
    Epochs,
    RecipeSettings,
    TestData,
    TestImages,
    TrainingImages,
    recipe_of,
    space_settings,
)
from croze.errors import CrozeError
from croze.paper.options import (
    METHODS,
    PUBLISHED,
    Candidates,
    CellsPerStage,
    FirstSeed,
    Folder,
    InFlight,
    Limits,
    Methods,
    Population,
    PublishedCells,
    ScoreBatch,
    Searches,
    WarmUpPool,
)
from croze.paper.output import check_files
from croze.paper.protocol import Protocol, effort_of
from croze.paper.protocol_rows import ADVERSARIAL, STANDARD
from croze.paper.protocol_tables import publish
from croze.robustness.plan import plan_trials


def table3(
    methods: Methods = METHODS,
    cells: PublishedCells = PUBLISHED,
    searches: Searches = 3,
    candidates: Candidates = 5000,
    pool: WarmUpPool = None,
    population: Population = None,
    in_flight: InFlight = None,
    space: SpaceName = "darts",
    layers: SpaceLayers = None,
    channels: SpaceChannels = None,
    cells_per_stage: CellsPerStage = None,
    epochs: Epochs = None,
    settings: RecipeSettings = None,
    data: Data = "digits",
    dataset: Annotated[
        str,
        typer.Option(
            help="Name of the data set: cifar10 or cifar100 to print the paper's values too, or own."
        ),
    ] = "own",
    images: TrainingImages = None,
    test_data: TestData = None,
    test_images: TestImages = 10000,
    limits: Limits = None,
    score_batch: ScoreBatch = 8,
    seed: FirstSeed = 0,
    workers: Workers = 0,
    device: Devices = None,
    out: Folder = "runs/protocol",
    page: PageFile = None,
    json: Json = None,
) -> None:
    """Search, train and evaluate (Table 3): clean, the mean over corruptions, FGSM at 8/255 and HRS.

    The defaults are the paper's size, which takes GPU weeks. Published genotypes are trained, not
    searched. An interrupted command continues when it is run again.
    """
    check_files(page=page)
    run = Protocol(
        table="table3", columns=STANDARD, methods=methods, cells=cells, searches=searches,
        effort=effort_of(candidates, pool, population, in_flight), space=space,
        settings=space_settings(layers=layers, channels=channels, cells=cells_per_stage),
        recipe=recipe_of("standard", settings, epochs=epochs),
        plan=plan_trials("fgsm", "8/255", "none", limits or [], "all"),
        dataset=dataset, data=data, images=images, test_data=test_data, test_images=test_images,
        score_batch=score_batch, seed=seed, workers=workers, devices=devices_of(device),
        folder=folder_of(out),
    )  # fmt: skip
    terminal = console(json)
    publish(run, run.run(terminal), terminal, json, page)


def table4(
    methods: Methods = METHODS,
    cells: PublishedCells = PUBLISHED,
    searches: Searches = 3,
    candidates: Candidates = 5000,
    pool: WarmUpPool = None,
    population: Population = None,
    in_flight: InFlight = None,
    space: SpaceName = "darts",
    layers: SpaceLayers = None,
    channels: SpaceChannels = None,
    cells_per_stage: CellsPerStage = None,
    recipe: Annotated[
        str, typer.Option(help="Recipe of the trainings: pgd (the paper's), trades or fast.")
    ] = "pgd",
    epochs: Epochs = None,
    settings: RecipeSettings = None,
    data: Data = "digits",
    dataset: Annotated[
        str,
        typer.Option(help="Name of the data set: cifar10 to print the paper's values too, or own."),
    ] = "own",
    images: TrainingImages = None,
    test_data: TestData = None,
    test_images: TestImages = 10000,
    attacks: Annotated[
        str, typer.Option(help="Attacks out of the five, each with its arguments.")
    ] = "pgd,cw,spsa,lgv,autoattack",
    limits: Limits = None,
    score_batch: ScoreBatch = 8,
    seed: FirstSeed = 0,
    workers: Workers = 0,
    device: Devices = None,
    out: Folder = "runs/protocol",
    page: PageFile = None,
    json: Json = None,
) -> None:
    """Search, train adversarially and attack (Table 4): PGD, CW, SPSA, LGV and AutoAttack at 8/255.

    The defaults are the paper's size, which takes GPU weeks. Published genotypes are trained, not
    searched. An interrupted command continues when it is run again.
    """
    check_files(page=page)
    chosen = recipe_of(recipe, settings, epochs=epochs)
    if not chosen.adversarial:
        raise CrozeError("Table 4 is of adversarial training: --recipe is pgd, trades or fast; see table3.")
    run = Protocol(
        table="table4", columns=ADVERSARIAL, methods=methods, cells=cells, searches=searches,
        effort=effort_of(candidates, pool, population, in_flight), space=space,
        settings=space_settings(layers=layers, channels=channels, cells=cells_per_stage), recipe=chosen,
        plan=plan_trials(attacks, "8/255", "none", limits or []),
        dataset=dataset, data=data, images=images, test_data=test_data, test_images=test_images,
        score_batch=score_batch, seed=seed, workers=workers, devices=devices_of(device),
        folder=folder_of(out),
    )  # fmt: skip
    terminal = console(json)
    publish(run, run.run(terminal), terminal, json, page)
