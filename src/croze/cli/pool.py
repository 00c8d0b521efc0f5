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
    pairs_of,
)

pool = typer.Typer(
    help="Train many cells of a space, to hold proxies against.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@pool.command("train", short_help="Train and evaluate cells of a space.")
def train(
    space: SpaceName = "nasbench201",
    cells: Annotated[
        int | None, typer.Option(min=1, help="Cells to draw, no two isomorphic; 100 without --arch-file.")
    ] = None,
    arch_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Train these architectures instead, one a line.")
    ] = None,
    recipe: Annotated[str, typer.Option(help="standard, pgd, trades or fast.")] = "standard",
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the images; 200 without.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=2, help="Images a step; 64 without.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of the recipe, as `croze train`; may be repeated."),
    ] = None,
    data: Data = "digits",
    images: Annotated[
        int | None, typer.Option(min=2, help="Train on so many images only, validation included.")
    ] = None,
    test_data: Annotated[
        str | None,
        typer.Option(help="Test images, READER:PATH; without, a fifth of --data is set aside for them."),
    ] = None,
    test_images: Annotated[int, typer.Option(min=1, help="So many of them, balanced over classes.")] = 1000,
    attacks: Annotated[str, typer.Option(help="As `croze evaluate`; none for none.")] = "fgsm,pgd",
    epsilon: Annotated[str, typer.Option(help="Sizes in l-inf and pixel space, comma-separated.")] = "8/255",
    epsilon_l2: Annotated[str, typer.Option("--epsilon-l2", help="Sizes in l2; none without.")] = "none",
    corruptions: Annotated[str, typer.Option(help="As `croze evaluate`: all, none, noise, fog@3.")] = "all",
    limits: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="ATTACK=N", help="On the first N test images only; may be repeated."),
    ] = None,
    channels: SpaceChannels = None,
    cells_per_stage: Annotated[
        int | None, typer.Option(min=1, help="Of nasbench201; the space's own without.")
    ] = None,
    layers: SpaceLayers = None,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of the draw of cells, weights, split, order, attacks.")
    ] = 0,
    workers: Annotated[
        int, typer.Option(min=0, help="Cells trained at once, one torch thread each; 0: one a core.")
    ] = 0,
    device: Devices = None,
    mixed_precision: Annotated[
        bool, typer.Option("--mixed-precision", help="bfloat16 where it is safe; on CUDA only.")
    ] = False,
    out: Annotated[str, typer.Option(help="Folder of the pool; the same command goes on there.")] = (
        "runs/pool"
    ),
    json: Json = None,
) -> None:
    """Train cells of a space and evaluate each: the truth that `--truth pool:DIR` names elsewhere.

    Killed or stopped, the same command goes on where it was; with more cells or attacks it adds what is
    missing. Started a second time, here or on a machine that shares the folder, it takes cells that nobody
    works at.
    """
    from croze.campaign import Work, train_pool
    from croze.campaign.images import pool_images
    from croze.cli.arch_file import architectures_of
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import open_dataset
    from croze.errors import CrozeError
    from croze.execution import usable_cores
    from croze.pool import Design, MemberResult, read_pool
    from croze.population import draw
    from croze.report.pool_table import pool_json, pool_table
    from croze.report.provenance import provenance
    from croze.robustness.plan import plan_trials
    from croze.spaces import open_space
    from croze.training import find_recipe
    from croze.training.folder import identity

    if cells is not None and arch_file is not None:
        raise CrozeError("Name the cells by --cells (drawn) or by --arch-file (yours), not both.")
    folder = folder_of(out)
    changes = {k: str(v) for k, v in (("epochs", epochs), ("batch_size", batch_size)) if v is not None}
    chosen = find_recipe(recipe, changes | pairs_of(settings or []))
    plan = plan_trials(attacks, epsilon, epsilon_l2, limits or [], corruptions)
    devices = devices_of(device)
    given = {"channels": channels, "cells": cells_per_stage, "layers": layers}
    own = tuple(sorted((key, value) for key, value in given.items() if value is not None))
    opened = open_space(space, **dict(own))
    if arch_file is not None:
        names = architectures_of(arch_file, opened)
    else:
        names = tuple(draw(opened, cells or 100, seed))
    terminal = console(json)
    dataset = open_dataset(data)
    tests = None if test_data is None else open_dataset(test_data)
    total = (images or len(dataset)) + (0 if tests is None else min(test_images, len(tests)))
    with Bar(terminal, "reading images", total) as bar:
        sets = pool_images(
            dataset,
            tests,
            validation=chosen.validation,
            seed=seed,
            images=images,
            test_images=test_images,
            watch=bar.update,
        )
    design = Design(
        space,
        own,
        names,
        chosen.to_json(),
        seed,
        identity(sets.training, sets.validation),
        identity(sets.test),
        100,
        data,
        test_data or "",
    )
    design.write(folder)
    count = workers or len(devices) or min(usable_cores(), len(names))
    with Bar(terminal, f"{recipe} training of {len(names)} cells", len(names)) as bar:
        done_so_far = 0

        def at_work(number: int, remark: str) -> None:
            bar.update(done_so_far, f"cell {number}: {remark}")

        def told(done: int, number: int, result: MemberResult) -> None:
            nonlocal done_so_far
            done_so_far = done
            clean = result.columns.get("clean")
            bar.update(done, f"cell {number}: {'failed' if clean is None else f'{clean:.1%} clean'}")

        work = Work(
            folder,
            space,
            own,
            chosen,
            seed,
            sets.training,
            sets.validation,
            sets.test,
            plan,
            design.batch_size,
            devices[0] if devices else "cpu",
            mixed_precision,
            at_work if count == 1 else None,
        )
        elsewhere = train_pool(work, names, workers=count, devices=devices, told=told)
    found = read_pool(folder)
    terminal.print(pool_table(found))
    if elsewhere:
        terminal.print(f"{len(elsewhere)} cells are being trained by another command.")
    terminal.print(f"Written: {folder}. Next: croze benchmark --truth pool:{folder} --data {data}")
    emit_json(json, {**pool_json(found), "provenance": provenance()})


@pool.command("show", short_help="What a pool has come to.")
def show(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a pool.")],
    sort: Annotated[str, typer.Option(help="Column to sort by, best first: clean, fgsm@8, corruptions.")] = (
        "clean"
    ),
    top: Annotated[int, typer.Option(min=1, help="So many cells at most.")] = 20,
    json: Json = None,
) -> None:
    """Show the cells of a pool that are done, by accuracy."""
    from croze.cli.output import console, emit_json
    from croze.pool import read_pool
    from croze.report.pool_table import pool_json, pool_table

    found = read_pool(folder)
    console(json).print(pool_table(found, sort, top))
    emit_json(json, pool_json(found))
