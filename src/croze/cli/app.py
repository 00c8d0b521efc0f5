"""The verbs put together."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.verbs import Verbs, group

VERBS: Verbs = {
    "score": ("croze.cli.score:score", "Score one network, yours or one of a space."),
    "search": ("croze.cli.search:search", "Find what a proxy ranks first in a space."),
    "train": ("croze.cli.train:train", "Train a network, standard or adversarial."),
    "evaluate": ("croze.cli.evaluate:evaluate", "Attack a trained network, corrupt its images."),
    "report": ("croze.cli.report:report", "Show a run as one HTML page."),
    "corrupt": ("croze.cli.corrupt:corrupt", "Corrupt images as CIFAR-C does."),
    "pool": ("croze.cli.pool:pool", "Train many cells, to compare proxies with."),
    "benchmark": ("croze.cli.benchmark:benchmark", "Compare proxies with measured accuracies."),
    "truth": ("croze.cli.truth:truth", "Look up measured accuracies."),
    "data": ("croze.cli.data:data", "Where measured accuracies come from; fetch them."),
    "spread": ("croze.cli.spread:spread", "See how rankings move with weights and batch."),
    "reference": ("croze.cli.reference:reference", "Make the population that aggregates compare with."),
    "proxies": ("croze.cli.proxies:proxies", "Write the evidence page on all proxies."),
    "doctor": ("croze.cli.doctor:doctor", "Show what the engine uses here, and how fast it is."),
    "list": ("croze.cli.listing:listing", "Show what there is to choose from."),
}


def app(more: Verbs) -> typer.Typer:
    """The command line.

    Args:
        more: verbs beside those of the package itself.
    """
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
