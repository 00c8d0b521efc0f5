"""`croze evaluate`: attacks on a trained network, and corrupted images."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli import options
from croze.cli import training_options as training


def evaluate(
    trained: Annotated[
        str | None, typer.Argument(metavar="[DIR]", help="Folder of a training by `croze train`.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="FILE.py:FUNCTION", help="A trained network of your own instead.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Its weights: safetensors, or a state dict by torch.save."),
    ] = None,
    normalises_input: training.NormalisesInput = False,
    data: Annotated[
        str, typer.Option(help="Test images: digits, or READER:PATH; `croze list data` names the readers.")
    ] = "digits",
    attacks: training.Attacks = "fgsm,pgd",
    epsilon: training.Epsilons = "8/255",
    epsilon_l2: training.EpsilonsL2 = "none",
    corruptions: training.Corruptions = "all",
    corruption_set: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Read the corrupted images of --data from a folder such as CIFAR-10-C."
        ),
    ] = None,
    frost: options.Frost = None,
    mce_reference: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="evaluation.json of the reference network for mCE."),
    ] = None,
    images: Annotated[
        int | None,
        typer.Option(min=1, help="Number of test images, balanced over classes.", show_default="all"),
    ] = None,
    limits: training.Limits = None,
    seed: Annotated[int, options.seed_of("images and attacks")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Batch size.")] = 100,
    device: training.ComputeOn = "cpu",
    threads: training.Threads = 0,
    training_data: Annotated[
        str | None, typer.Option(help="Training images, for lgv.", show_default="those of the training")
    ] = None,
    save_images: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Keep the attacked images here, as floats and rounded to 8 bits."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Folder of the result.", show_default="DIR/evaluation")
    ] = None,
    plot: options.Plot = None,
    json: options.Json = None,
) -> None:
    """Evaluate a trained network under attacks and corruptions.

    An interrupted evaluation continues when the command is run again; attacks may be added later.
    """
    import sys
    from contextlib import redirect_stdout

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bars
    from croze.errors import CrozeError
    from croze.reporting.chart import check_plot
    from croze.robustness.run import evaluate as run_evaluation
    from croze.robustness.tables import corruption_table

    if (trained is None) == (model is None):
        raise CrozeError("Name either the folder of a training or --model FILE.py:FUNCTION.")
    if plot is not None:
        check_plot(plot)
    corrupted = None if corruption_set is None else options.folder_of(corruption_set, "--corruption-set")
    terminal = console(json)
    with redirect_stdout(sys.stderr), Bars(terminal) as bars:
        found = run_evaluation(
            trained or model or "", data, weights=weights, normalises_input=normalises_input,
            attacks=attacks, epsilon=epsilon, epsilon_l2=epsilon_l2, corruptions=corruptions,
            corruption_set=corrupted, frost=None if frost is None else options.folder_of(frost, "--frost"),
            mce_reference=mce_reference, images=images, limits=limits or [], seed=seed,
            batch_size=batch_size, device=device, threads=threads, training_data=training_data,
            save_images=None if save_images is None else options.folder_of(save_images, "--save-images"),
            out=None if out is None else options.folder_of(out), watch=bars,
        )  # fmt: skip
    if plot is not None:
        found.page().charts[0].save(plot)
    terminal.print(found.table())
    if found.summary is not None and found.summary.corruptions is not None:
        terminal.print(corruption_table(found.summary.corruptions))
    for warning in found.warnings:
        terminal.print(f"Warning: {warning}")
    terminal.print(f"Written: {found.folder}. Next: croze report {found.training or found.folder}")
    emit_json(json, found.result())
