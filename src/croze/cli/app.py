"""The verbs put together."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.verbs import Verbs, group

VERBS: Verbs = {
    "score": ("croze.cli.score:score", "Score one network, yours or one of a space."),
    "search": ("croze.cli.search:search", "Search a space for the best architectures by a proxy."),
    "train": ("croze.cli.train:train", "Train a network, standard or adversarial."),
    "evaluate": ("croze.cli.evaluate:evaluate", "Evaluate a network under attacks and corruptions."),
    "report": ("croze.cli.report:report", "Show a run as one HTML page."),
    "corrupt": ("croze.cli.corrupt:corrupt", "Corrupt images as CIFAR-C does."),
    "pool": ("croze.cli.pool:pool", "Train many cells, as ground truth for proxies."),
    "benchmark": ("croze.cli.benchmark:benchmark", "Compare proxies with measured accuracies."),
    "truth": ("croze.cli.truth:truth", "Look up measured accuracies."),
    "data": ("croze.cli.data:data", "List and download sources of ground truth."),
    "spread": ("croze.cli.spread:spread", "Measure how rankings vary with weights and batch."),
    "reference": ("croze.cli.reference:reference", "Make a reference population for aggregates."),
    "proxies": ("croze.cli.proxies:proxies", "Write a page that evaluates all proxies."),
    "doctor": ("croze.cli.doctor:doctor", "Show the device and the speed of the engine."),
    "list": ("croze.cli.listing:listing", "List proxies, spaces, attacks and other choices."),
}


def app(more: Verbs) -> typer.Typer:
    """The command line; `more` are verbs beside those of the package itself."""
    return group({**VERBS, **more}, root, name="croze")


def _version(wanted: bool) -> None:
    if wanted:
        from croze import __version__

        typer.echo(f"croze {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find neural architectures that stay accurate under perturbation, without training the candidates."""
