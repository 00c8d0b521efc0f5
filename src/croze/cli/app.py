"""The verbs put together."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.benchmark import benchmark
from croze.cli.corrupt import corrupt
from croze.cli.data import data
from croze.cli.doctor import doctor
from croze.cli.evaluate import evaluate
from croze.cli.listing import listing
from croze.cli.pool import pool
from croze.cli.proxies import proxies
from croze.cli.reference import reference
from croze.cli.report import report
from croze.cli.score import score
from croze.cli.search import search
from croze.cli.spread import spread
from croze.cli.train import train
from croze.cli.truth import truth

app = typer.Typer(
    name="croze",
    help="Find neural architectures that stay accurate under perturbation, without training the candidates.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("score", short_help="Score one network, yours or one of a space.")(score)
app.command("search", short_help="Find what a proxy ranks first in a space.")(search)
app.command("train", short_help="Train a network, standard or adversarial.")(train)
app.command("evaluate", short_help="Attack a trained network, corrupt its images.")(evaluate)
app.command("report", short_help="Show a run as one HTML page.")(report)
app.command("corrupt", short_help="Corrupt images as CIFAR-C does.")(corrupt)
app.add_typer(pool, name="pool", short_help="Train many cells, to hold proxies against.")
app.command("benchmark", short_help="Compare proxies with measured accuracies.")(benchmark)
app.command("truth", short_help="Look up measured accuracies.")(truth)
app.add_typer(data, name="data", short_help="Where measured accuracies come from; fetch them.")
app.command("spread", short_help="See how rankings move with weights and batch.")(spread)
app.command("reference", short_help="Make the population that aggregates compare with.")(reference)
app.command("proxies", short_help="Write the evidence page on all proxies.")(proxies)
app.command("doctor", short_help="Show what the engine uses here, and how fast it is.")(doctor)
app.command("list", short_help="Show what there is to choose from.")(listing)


def _version(wanted: bool) -> None:
    if wanted:
        from croze import __version__

        typer.echo(f"croze {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find neural architectures that stay accurate under perturbation, without training the candidates."""
