"""`croze pool`: many cells of a space, trained and evaluated the same way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from croze.cli import options
from croze.cli import training_options as training
from croze.cli.verbs import PLAIN

if TYPE_CHECKING:
    from croze.spaces import Space

pool = typer.Typer(
    help="Train many cells of a space, as ground truth for proxies.",
    no_args_is_help=True,
    **PLAIN,
)


@pool.command("train", short_help="Train and evaluate cells of a space.")
def train(
    space: options.SpaceName = "nasbench201",
    cells: Annotated[
        int | None,
        typer.Option(min=1, help="Number of cells to draw, no two isomorphic.", show_default="100"),
    ] = None,
    arch_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Train the architectures of this file instead, one per line."),
    ] = None,
    recipe: training.RecipeName = "standard",
    epochs: training.Epochs = None,
    batch_size: training.TrainingBatch = None,
    settings: training.RecipeSettings = None,
    data: options.Data = "digits",
    images: training.TrainingImages = None,
    test_data: training.TestData = None,
    test_images: training.TestImages = 1000,
    attacks: training.Attacks = "fgsm,pgd",
    epsilon: training.Epsilons = "8/255",
    epsilon_l2: training.EpsilonsL2 = "none",
    corruptions: training.Corruptions = "all",
    limits: training.Limits = None,
    channels: options.SpaceChannels = None,
    cells_per_stage: Annotated[
        int | None,
        typer.Option(min=1, help="Cells per stage, in nasbench201.", show_default="the space's own"),
    ] = None,
    layers: options.SpaceLayers = None,
    seed: Annotated[int, options.seed_of("cells, weights, split, order and attacks")] = 0,
    workers: options.Workers = 0,
    device: options.Devices = None,
    mixed_precision: training.MixedPrecision = False,
    out: Annotated[
        str, typer.Option(help="Folder of the pool; the same command resumes from what is there.")
    ] = "runs/pool",
    json: options.Json = None,
) -> None:
    """Train cells of a space and evaluate each, as ground truth for `--truth pool:DIR`.

    An interrupted command continues when it is run again; with more cells or attacks it adds those. The same
    command in a second process, or on a machine that shares the folder, trains cells that are not in work.
    """
    import sys
    from contextlib import redirect_stdout

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.errors import CrozeError
    from croze.pool.run import PoolPlan
    from croze.provenance import provenance
    from croze.robustness.plan import plan_evaluation
    from croze.scoring.population import draw
    from croze.spaces import open_space

    if cells is not None and arch_file is not None:
        raise CrozeError("Give the cells by --cells (drawn) or by --arch-file, not both.")
    folder = options.folder_of(out)
    chosen = training.recipe_of(recipe, settings, epochs=epochs, batch_size=batch_size)
    plan = plan_evaluation(attacks, epsilon, epsilon_l2, limits or [], corruptions)
    devices = options.devices_of(device)
    own = training.space_settings(channels=channels, cells=cells_per_stage, layers=layers)
    with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
        opened = open_space(space, **dict(own))
    if arch_file is not None:
        names = architectures_of(arch_file, opened)
    else:
        names = tuple(draw(opened, cells or 100, seed))
    terminal = console(json)
    run = PoolPlan(
        folder=folder, space=space, settings=own, recipe=chosen, plan=plan, seed=seed, data=data,
        images=images, test_data=test_data, test_images=test_images, workers=workers, devices=devices,
        mixed_precision=mixed_precision,
    )  # fmt: skip
    with redirect_stdout(sys.stderr), Bars(terminal) as bars:
        found = run.train(names, bars)
    terminal.print(found.table())
    terminal.print(f"Written: {folder}. Next: croze report {folder}")
    terminal.print(f"Proxies against it: croze benchmark --truth pool:{folder} --data {data}")
    emit_json(json, {**found.to_json(), "provenance": provenance()})


def architectures_of(file: Path, space: Space[Any]) -> tuple[str, ...]:
    """The architectures of a file, one a line, in the space's notation or by published names."""
    from croze.errors import CrozeError
    from croze.spaces.genotypes import parse_or_suggest, resolve

    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise CrozeError(f"Cannot read the architectures in {file}: {problem}.") from None
    found: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            text = str(space.canonical(parse_or_suggest(space, resolve(line.strip(), space.name)[1])))
        except CrozeError as problem:
            raise CrozeError(f"{file}, line {number}: {problem}") from None
        if text in found:
            raise CrozeError(
                f"{file}, line {number}: line {found[text]} has it already, or one isomorphic to it."
            )
        found[text] = number
    if not found:
        raise CrozeError(f"{file} names no architecture; write one a line.")
    return tuple(found)


@pool.command("show", short_help="Show the results of a pool.")
def show(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a pool.")],
    sort: Annotated[str, typer.Option(help="Column to sort by, best first: clean, fgsm@8, corruptions.")] = (
        "clean"
    ),
    top: Annotated[int, typer.Option(min=1, help="Maximum number of cells.")] = 20,
    json: options.Json = None,
) -> None:
    """Show the trained cells of a pool, sorted by accuracy."""
    from croze.cli.output import console, emit_json
    from croze.pool import Pool

    found = Pool.load(folder)
    console(json).print(found.table(sort, top))
    emit_json(json, found.to_json())
