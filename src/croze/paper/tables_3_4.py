"""Tables 3 and 4: search, standard or adversarial training and evaluation, over several searches."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli import options, training_options
from croze.cli.output import console
from croze.errors import CrozeError
from croze.paper import options as shared
from croze.paper.output import check_files
from croze.paper.protocol import Protocol, effort_of
from croze.paper.protocol_rows import ADVERSARIAL, STANDARD
from croze.paper.protocol_tables import publish
from croze.robustness.plan import plan_evaluation


def table3(
    methods: shared.Methods = shared.METHODS,
    cells: shared.PublishedCells = shared.PUBLISHED,
    searches: shared.Searches = 3,
    candidates: shared.Candidates = 5000,
    pool: shared.WarmUpPool = None,
    population: shared.Population = None,
    in_flight: shared.InFlight = None,
    space: options.SpaceName = "darts",
    layers: options.SpaceLayers = None,
    channels: options.SpaceChannels = None,
    cells_per_stage: shared.CellsPerStage = None,
    epochs: training_options.Epochs = None,
    settings: training_options.RecipeSettings = None,
    data: options.Data = "digits",
    dataset: Annotated[
        str,
        typer.Option(
            help="Name of the data set: cifar10 or cifar100 to print the paper's values too, or own."
        ),
    ] = "own",
    images: training_options.TrainingImages = None,
    test_data: training_options.TestData = None,
    test_images: training_options.TestImages = 10000,
    limits: shared.Limits = None,
    score_batch: shared.ScoreBatch = 8,
    seed: shared.FirstSeed = 0,
    workers: options.Workers = 0,
    device: options.Devices = None,
    out: shared.Folder = "runs/protocol",
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Search, train and evaluate (Table 3): clean, the mean over corruptions, FGSM at 8/255 and HRS.

    The defaults are the paper's size, which takes GPU weeks. Published genotypes are trained, not
    searched. An interrupted command continues when it is run again.
    """
    check_files(page=page)
    run = Protocol(
        table="table3", columns=STANDARD, methods=methods, cells=cells, searches=searches,
        effort=effort_of(candidates, pool, population, in_flight), space=space,
        settings=training_options.space_settings(layers=layers, channels=channels, cells=cells_per_stage),
        recipe=training_options.recipe_of("standard", settings, epochs=epochs),
        plan=plan_evaluation("fgsm", "8/255", "none", limits or [], "all"),
        dataset=dataset, data=data, images=images, test_data=test_data, test_images=test_images,
        score_batch=score_batch, seed=seed, workers=workers, devices=options.devices_of(device),
        folder=options.folder_of(out),
    )  # fmt: skip
    terminal = console(json)
    publish(run, run.run(terminal), terminal, json, page)


def table4(
    methods: shared.Methods = shared.METHODS,
    cells: shared.PublishedCells = shared.PUBLISHED,
    searches: shared.Searches = 3,
    candidates: shared.Candidates = 5000,
    pool: shared.WarmUpPool = None,
    population: shared.Population = None,
    in_flight: shared.InFlight = None,
    space: options.SpaceName = "darts",
    layers: options.SpaceLayers = None,
    channels: options.SpaceChannels = None,
    cells_per_stage: shared.CellsPerStage = None,
    recipe: Annotated[
        str, typer.Option(help="Recipe of the trainings: pgd (the paper's), trades or fast.")
    ] = "pgd",
    epochs: training_options.Epochs = None,
    settings: training_options.RecipeSettings = None,
    data: options.Data = "digits",
    dataset: Annotated[
        str,
        typer.Option(help="Name of the data set: cifar10 to print the paper's values too, or own."),
    ] = "own",
    images: training_options.TrainingImages = None,
    test_data: training_options.TestData = None,
    test_images: training_options.TestImages = 10000,
    attacks: Annotated[
        str, typer.Option(help="Attacks out of the five, each with its arguments.")
    ] = "pgd,cw,spsa,lgv,autoattack",
    limits: shared.Limits = None,
    score_batch: shared.ScoreBatch = 8,
    seed: shared.FirstSeed = 0,
    workers: options.Workers = 0,
    device: options.Devices = None,
    out: shared.Folder = "runs/protocol",
    page: options.PageFile = None,
    json: options.Json = None,
) -> None:
    """Search, train adversarially and attack (Table 4): PGD, CW, SPSA, LGV and AutoAttack at 8/255.

    The defaults are the paper's size, which takes GPU weeks. Published genotypes are trained, not
    searched. An interrupted command continues when it is run again.
    """
    check_files(page=page)
    chosen = training_options.recipe_of(recipe, settings, epochs=epochs)
    if not chosen.adversarial:
        raise CrozeError("Table 4 is of adversarial training: --recipe is pgd, trades or fast; see table3.")
    run = Protocol(
        table="table4", columns=ADVERSARIAL, methods=methods, cells=cells, searches=searches,
        effort=effort_of(candidates, pool, population, in_flight), space=space,
        settings=training_options.space_settings(layers=layers, channels=channels, cells=cells_per_stage),
        recipe=chosen,
        plan=plan_evaluation(attacks, "8/255", "none", limits or []),
        dataset=dataset, data=data, images=images, test_data=test_data, test_images=test_images,
        score_batch=score_batch, seed=seed, workers=workers, devices=options.devices_of(device),
        folder=options.folder_of(out),
    )  # fmt: skip
    terminal = console(json)
    publish(run, run.run(terminal), terminal, json, page)
