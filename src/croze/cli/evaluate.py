"""`croze evaluate`: attacks on a trained network, and corrupted images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from croze.cli.options import MAX_SEED, Json, Plot, folder_of


def evaluate(
    trained: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a training by `croze train`.")],
    data: Annotated[
        str, typer.Option(help="Test images: digits, or READER:PATH; `croze list data` names the readers.")
    ] = "digits",
    attacks: Annotated[
        str, typer.Option(help="Comma-separated, such as fgsm,pgd(steps=50); none for none.")
    ] = "fgsm,pgd",
    epsilon: Annotated[
        str, typer.Option(help="Sizes in l-inf and pixel space, comma-separated: 8/255,4/255; none for none.")
    ] = "8/255",
    epsilon_l2: Annotated[
        str, typer.Option("--epsilon-l2", help="Sizes in l2, comma-separated, such as 0.5; none without.")
    ] = "none",
    corruptions: Annotated[
        str,
        typer.Option(
            help="Corruptions of CIFAR-C: all, none, or comma-separated noise, weather, blur, digital, fog, "
            "frost@3; without @ at all five severities."
        ),
    ] = "all",
    corruption_set: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Read them from a folder such as CIFAR-10-C instead, made of --data."
        ),
    ] = None,
    frost: Annotated[
        str | None, typer.Option(metavar="DIR", help="Photographs of frost, in place of drawn ones.")
    ] = None,
    mce_reference: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="evaluation.json of the network that mCE divides errors by."),
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="So many test images, balanced over classes; all without.")
    ] = None,
    limits: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="ATTACK=N",
            help="Run an attack, or corruptions=N, on the first N images only; may be repeated.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of images and attacks.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at once.")] = 100,
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda, cuda:1.")] = "cpu",
    threads: Annotated[int, typer.Option(min=0, help="Torch threads; 0 for all cores.")] = 0,
    training_data: Annotated[
        str | None, typer.Option(help="Training images, for lgv; those of the training without.")
    ] = None,
    out: Annotated[str | None, typer.Option(help="Folder of the result; DIR/evaluation without.")] = None,
    plot: Plot = None,
    json: Json = None,
) -> None:
    """Evaluate a trained network under attacks and corruptions.

    Killed or stopped, the same command goes on where it was; more may be asked for later.
    """
    import sys
    from contextlib import redirect_stdout

    import torch

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.corruptions import FrostTextures
    from croze.data import open_dataset
    from croze.data.cached import cached
    from croze.data.sampling import spread
    from croze.data.splits import in_split, same_images
    from croze.errors import CrozeError
    from croze.files import to_json, write_text
    from croze.provenance import provenance
    from croze.reporting.chart import check_plot
    from croze.robustness.evaluate import check_model, digest_of_weights
    from croze.robustness.evaluate import evaluate as run_evaluation
    from croze.robustness.outcomes import Outcomes
    from croze.robustness.plan import from_set, has_all_corruptions, plan_trials, prepare
    from croze.robustness.plot import draw_evaluation
    from croze.robustness.result import accuracies_of, summarise
    from croze.robustness.table import (
        corruption_table,
        evaluation_markdown,
        evaluation_table,
        table3_line,
    )
    from croze.scoring.evaluator import check_devices
    from croze.training import Recipe
    from croze.training.folder import identity, load_trained
    from croze.training.images import Batches
    from croze.training.network import NetworkSpec

    if plot is not None:
        check_plot(plot)
    check_devices([device])
    terminal = console(json)
    textures = None if frost is None else FrostTextures.from_folder(folder_of(frost, "--frost"))
    plan = plan_trials(attacks, epsilon, epsilon_l2, limits or [], corruptions, textures)
    reference = None if mce_reference is None else accuracies_of(Path(mce_reference))
    if reference is not None and not has_all_corruptions(plan.trials):
        raise CrozeError("--mce-reference needs all corruptions at all severities: --corruptions all.")
    with redirect_stdout(sys.stderr):
        model, description = load_trained(trained)
    title = NetworkSpec.from_json(description.subject).title
    tested = in_split(data)
    dataset = open_dataset(tested)
    if tuple(dataset.size) != tuple(description.size):
        raise CrozeError(
            f"The network was trained on images of {_pixels(description.size)}, {tested} has "
            f"{_pixels(dataset.size)}: evaluate it on images of its size."
        )
    check_model(model, dataset)
    chosen = spread(dataset, images, seed)
    seen = same_images(tested, description.data)
    if corruption_set is not None:
        plan = from_set(plan, folder_of(corruption_set, "--corruption-set"), chosen, dataset.labels[chosen])
    with Bar(terminal, "reading images", len(chosen)) as bar:
        dataset = cached(dataset, chosen, lambda done, _: bar.update(done))
    folder = Path(out) if out is not None else Path(trained) / "evaluation"

    def training_batches() -> Batches:
        name = training_data or description.data
        terminal.print(f"lgv collects weights: it trains on, on {name}.")
        return Batches(cached(open_dataset(name)), Recipe(**description.recipe), seed)

    before = torch.get_num_threads()
    torch.set_num_threads(threads or torch.get_num_threads())
    try:
        plan = prepare(plan, model, training_batches, seed, folder)
        context = {
            "weights": digest_of_weights(model),
            "images": identity(dataset),
            "seed": seed,
            "batch_size": batch_size,
            # another set of images gives lgv other weights
            "training_data": training_data,
            "device": device.partition(":")[0],
        }
        total = sum(min(plan.limits.get(t.key, len(dataset)), len(dataset)) for t in plan.trials)
        with (
            Outcomes(folder, context) as outcomes,
            Bar(terminal, "evaluation", total) as bar,
            redirect_stdout(sys.stderr),
        ):
            finished: dict[str, int] = {}

            def watch(key: str, done: int, accuracy: float) -> None:
                finished[key] = done
                bar.update(sum(finished.values()), f"{key}: {accuracy:.1%}")

            results = run_evaluation(
                model,
                dataset,
                plan.trials,
                outcomes=outcomes,
                seed=seed,
                batch_size=batch_size,
                limits=plan.limits,
                device=device,
                watch=watch,
            )
    finally:
        torch.set_num_threads(before)
    summary = summarise(plan.trials, results, dataset, reference, mce_reference or "")
    origin = provenance()
    heading = f"{title}, {description.recipe['method']} training, on {len(dataset)} images of {tested}"
    heading += ", on which it was trained" if seen else ""
    result = {
        "network": dict(description.subject),
        "training": str(trained),
        "recipe": dict(description.recipe),
        "data": tested,
        "trained_on_the_same_data": seen,
        "context": context,
        **summary.to_json(),
        "provenance": origin,
    }
    write_text(folder / "evaluation.json", to_json(result))
    write_text(folder / "evaluation.md", evaluation_markdown(summary, heading, origin["command"]))
    if plot is not None:
        draw_evaluation(summary, plot, heading)
    terminal.print(evaluation_table(summary, heading))
    if summary.corruptions is not None:
        terminal.print(corruption_table(summary.corruptions))
    if summary.table3 is not None:
        terminal.print(table3_line(summary))
    if seen:
        terminal.print(f"The network was trained on images of {tested} itself: unseen ones say more.")
    for sign in summary.signs:
        terminal.print(f"Warning, gradients may be masked: {sign}")
    terminal.print(f"Written: {folder / 'evaluation.json'}, {folder / 'evaluation.md'}")
    emit_json(json, result)


def _pixels(size: Sequence[int]) -> str:
    return " x ".join(map(str, size))
