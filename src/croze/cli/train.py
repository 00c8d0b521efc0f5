"""`croze train`: one network, standard or adversarial."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli import options
from croze.cli import training_options as training


def train(
    arch: training.Arch = None,
    run: training.SearchFolder = None,
    model: training.Model = None,
    space: training.SpaceOfArch = None,
    data: options.Data = "digits",
    recipe: training.RecipeName = "standard",
    epochs: training.Epochs = None,
    batch_size: training.TrainingBatch = None,
    lr: training.LearningRate = None,
    epsilon: training.TrainingEpsilon = None,
    settings: training.RecipeSettings = None,
    images: training.TrainingImages = None,
    out: options.RunFolder = None,
    seed: Annotated[int, options.seed_of("weights, split, order and augmentation")] = 0,
    device: training.ComputeOn = "cpu",
    mixed_precision: training.MixedPrecision = False,
    threads: training.Threads = 0,
    normalises_input: training.NormalisesInput = False,
    channels: options.SpaceChannels = None,
    cells: options.SpaceCells = None,
    layers: options.SpaceLayers = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write the curves for TensorBoard.")
    ] = None,
    plot: options.Plot = None,
    json: options.Json = None,
) -> None:
    """Train a network: the winner of a search, an architecture, or your own.

    The best epoch on a validation split is kept; test images are for `croze evaluate`. An interrupted
    training continues when the command is run again, with the same result bit for bit.
    """
    import sys
    from contextlib import redirect_stdout

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.errors import CrozeError
    from croze.reporting.chart import check_plot
    from croze.training import train as run_training

    if plot is not None:
        check_plot(plot)
    chosen = training.recipe_of(
        recipe, settings, epochs=epochs, batch_size=batch_size, lr=lr, epsilon=epsilon
    )
    folder = None if out is None else options.folder_of(out)
    terminal = console(json)
    # what a user's file prints is not part of the result
    with redirect_stdout(sys.stderr), Bars(terminal) as bars:
        network = training.named_network(
            model, arch, run, space, channels=channels, cells=cells, layers=layers
        )
        found = run_training(
            network, data, recipe=chosen, images=images, seed=seed, device=device,
            mixed_precision=mixed_precision, threads=threads, normalises_input=normalises_input, out=folder,
            tensorboard=tensorboard, watch=bars,
        )  # fmt: skip
    if found.status == "failed":
        raise CrozeError(found.reason)
    if plot is not None:
        found.page().charts[0].save(plot)
    terminal.print(found.table())
    for warning in found.warnings:
        terminal.print(f"Warning: {warning}")
    terminal.print(
        f"Kept: epoch {found.best_epoch}. {found.seconds:.0f} s of training. Written: {found.folder}\n"
        f"Next: croze evaluate {found.folder} --data TEST-IMAGES"
    )
    emit_json(json, found.result())
