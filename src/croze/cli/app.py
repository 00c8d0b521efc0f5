"""The verbs put together."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.benchmark import benchmark
from croze.cli.listing import listing
from croze.cli.score import score
from croze.cli.search import search

app = typer.Typer(
    name="croze",
    help="Find neural architectures that stay accurate under perturbation, without training the candidates.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("score")(score)
app.command("search")(search)
app.command("benchmark")(benchmark)
app.command("list")(listing)


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
