"""`croze train`: one network, standard or adversarial."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    Data,
    Json,
    Plot,
    SpaceCells,
    SpaceChannels,
    SpaceLayers,
    folder_of,
)
from croze.cli.training_options import (
    Arch,
    ComputeOn,
    Epochs,
    LearningRate,
    MixedPrecision,
    Model,
    NormalisesInput,
    RecipeName,
    RecipeSettings,
    SearchFolder,
    SpaceOfArch,
    Threads,
    TrainingBatch,
    TrainingEpsilon,
    TrainingImages,
    named_network,
    recipe_of,
)


def train(
    arch: Arch = None,
    run: SearchFolder = None,
    model: Model = None,
    space: SpaceOfArch = None,
    data: Data = "digits",
    recipe: RecipeName = "standard",
    epochs: Epochs = None,
    batch_size: TrainingBatch = None,
    lr: LearningRate = None,
    epsilon: TrainingEpsilon = None,
    settings: RecipeSettings = None,
    images: TrainingImages = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="Folder of checkpoints and result; the same command resumes from what is there.",
            show_default="one below runs/",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Random seed of weights, split, order and augmentation.")
    ] = 0,
    device: ComputeOn = "cpu",
    mixed_precision: MixedPrecision = False,
    threads: Threads = 0,
    normalises_input: NormalisesInput = False,
    channels: SpaceChannels = None,
    cells: SpaceCells = None,
    layers: SpaceLayers = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write the curves for TensorBoard.")
    ] = None,
    plot: Plot = None,
    json: Json = None,
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
    chosen = recipe_of(recipe, settings, epochs=epochs, batch_size=batch_size, lr=lr, epsilon=epsilon)
    folder = None if out is None else folder_of(out)
    terminal = console(json)
    # what a user's file prints is not part of the result
    with redirect_stdout(sys.stderr), Bars(terminal) as bars:
        network = named_network(model, arch, run, space, channels=channels, cells=cells, layers=layers)
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
