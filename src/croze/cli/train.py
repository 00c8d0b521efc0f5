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
from croze.cli.subject import Arch, Model, NormalisesInput, Run, SpaceOfArch, named_subject
from croze.cli.training_options import (
    Epochs,
    MixedPrecision,
    RecipeSettings,
    TrainingBatch,
    TrainingImages,
    recipe_of,
)


def train(
    arch: Arch = None,
    run: Run = None,
    model: Model = None,
    space: SpaceOfArch = None,
    data: Data = "digits",
    recipe: Annotated[
        str, typer.Option(help="standard, pgd, trades or fast (FGSM from a random start).")
    ] = "standard",
    epochs: Epochs = None,
    batch_size: TrainingBatch = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate at the beginning; 0.1 without.")] = None,
    epsilon: Annotated[
        str | None, typer.Option(help="Size of adversarial training, l-inf in pixel space; 8/255 without.")
    ] = None,
    settings: RecipeSettings = None,
    images: TrainingImages = None,
    out: Annotated[
        str | None, typer.Option(help="Folder of checkpoints and result; without, one below runs/.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of weights, split, order, augmentation.")
    ] = 0,
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda, cuda:1.")] = "cpu",
    mixed_precision: MixedPrecision = False,
    threads: Annotated[
        int, typer.Option(min=0, help="Torch threads; 0 for all cores. Others change the last digits.")
    ] = 0,
    normalises_input: NormalisesInput = False,
    channels: SpaceChannels = None,
    cells: SpaceCells = None,
    layers: SpaceLayers = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the curve for TensorBoard as well.")
    ] = None,
    plot: Plot = None,
    json: Json = None,
) -> None:
    """Train a network: the winner of a search, an architecture, or your own.

    The epoch that is best on a validation split is kept; the test images are for `croze evaluate`. Killed or
    stopped, the same command goes on where it was, to the bit.
    """
    import sys
    from contextlib import redirect_stdout

    import torch

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.data import open_dataset
    from croze.data.cached import cached
    from croze.files import slug, to_json, write_text
    from croze.provenance import provenance
    from croze.reporting.chart import check_plot
    from croze.scoring.evaluator import check_devices
    from croze.training import in_pixels, split
    from croze.training import train as run_training
    from croze.training.curve import write_csv, write_events
    from croze.training.folder import describe
    from croze.training.network import SpaceNetwork
    from croze.training.result import draw_curve, epoch_line, training_json, training_table
    from croze.training.state import Place

    if plot is not None:
        check_plot(plot)
    chosen = recipe_of(recipe, settings, epochs=epochs, batch_size=batch_size, lr=lr, epsilon=epsilon)
    check_devices([device])
    terminal = console(json)
    with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
        subject = named_subject(model, arch, run, space, channels=channels, cells=cells, layers=layers)
    dataset = open_dataset(data)
    if isinstance(subject, SpaceNetwork) and chosen.auxiliary:
        subject = subject.for_training(dataset.size)
    folder = folder_of(out) if out is not None else Path("runs") / slug(f"train-{subject.title}-{recipe}")
    first, second = split(dataset, chosen.validation, seed, images)
    count = len(first) + len(second)
    with Bar(terminal, "reading images", count) as bar:
        parts = [
            cached(dataset, part, lambda done, _, base=base: bar.update(base + done))  # type: ignore[misc]
            for part, base in ((first, 0), (second, len(first)))
        ]
    before = torch.get_num_threads()
    torch.set_num_threads(threads or torch.get_num_threads())
    try:
        with redirect_stdout(sys.stderr):
            network = subject.build(dataset.classes, seed)
            in_front = in_pixels(network, parts[0], normalises_input)
            describe(subject, in_front, parts[0], parts[1], chosen, seed).write(folder)
            steps = chosen.epochs * (len(first) // min(chosen.batch_size, len(first)))
            told = 0
            with Bar(terminal, f"{recipe} training", steps) as bar:

                def watch(place: Place, total: int, loss: float) -> None:
                    nonlocal told
                    done = place.epoch * (total // chosen.epochs) + place.step
                    bar.update(done, epoch_line(place.history[-1] if place.history else None, loss))
                    if len(place.history) > told:
                        told = len(place.history)
                        write_csv(folder / "curve.csv", place.history)
                        if tensorboard is not None:
                            write_events(tensorboard, place.history)

                found = run_training(
                    network,
                    parts[0],
                    parts[1],
                    chosen,
                    folder,
                    seed=seed,
                    device=device,
                    mixed_precision=mixed_precision,
                    normalises_input=normalises_input,
                    title=subject.title,
                    watch=watch,
                )
    finally:
        torch.set_num_threads(before)
    write_csv(folder / "curve.csv", found.history)
    if tensorboard is not None:
        write_events(tensorboard, found.history)
    if plot is not None:
        draw_curve(found.history, plot, f"{recipe} training of {subject.title}")
    result = training_json(found, subject, chosen, data, count, seed, provenance())
    write_text(folder / "result.json", to_json(result))
    terminal.print(
        training_table(found, f"{recipe} training of {subject.title} on {count:,} images of {data}")
    )
    terminal.print(
        f"Kept: epoch {found.epoch}, the best on {len(second):,} validation images. "
        f"{found.seconds:.0f} s of training. Written: {folder}"
    )
    terminal.print(f"Next: croze evaluate {folder} --data TEST-IMAGES")
    emit_json(json, result)
