"""`croze data`: where measured accuracies come from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from croze.cli.options import Json, folder_of
from croze.cli.verbs import PLAIN

data = typer.Typer(
    help="List and download sources of ground truth.",
    no_args_is_help=True,
    **PLAIN,
)


@data.command("list", short_help="The known sources.")
def listing(json: Json = None) -> None:
    """List the sources of measured accuracies, their data sets and licences."""
    from croze.cli.output import console, emit_json
    from croze.truth.catalogue import CATALOGUE
    from croze.truth.lookup import source_table

    console(json).print(source_table())
    emit_json(json, {"sources": [asdict(source) for source in CATALOGUE.values()]})


@data.command("get", short_help="Describe a source, and download it if possible.")
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A source; see `croze data list`.")],
    to: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the files.", show_default="data/NAME")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Describe and check; download nothing.")] = False,
    json: Json = None,
) -> None:
    """Print the origin and the licence of a source, then download the files that have a direct address.

    Existing files are verified, and interrupted downloads resume. The exit code is 0 if all known files are
    as published (or with --dry-run), and 1 if some are left to download by hand.
    """
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.errors import CrozeError
    from croze.truth.lookup import file_table, source_text
    from croze.truth.sources import fetch, find_source, standing

    source = find_source(name)
    folder = folder_of(to, "--to") if to is not None else folder_of(f"data/{name}")
    out = console(json)
    for line in source_text(source):
        out.print(line, soft_wrap=True)
    problems = []
    before = standing(source, folder)
    for file in source.direct:
        if dry_run or before[file.name] in ("as published", "there"):
            continue
        try:
            with Bar(out, f"bytes of {file.name}", file.size or 0) as bar:
                fetch(file, folder, bar.update)
        except CrozeError as problem:
            problems.append(str(problem))
    after = standing(source, folder)
    if after:
        out.print(file_table(source, after))
    good = bool(after) and all(state in ("as published", "there") for state in after.values())
    for sentence in problems:
        out.print(sentence, soft_wrap=True)
    if good:
        out.print(f"All known files of {name} are in {folder}.", soft_wrap=True)
    elif not dry_run:
        out.print(_what_is_left(name, str(folder), bool(source.direct)), soft_wrap=True)
    emit_json(
        json,
        {"source": asdict(source), "folder": str(folder), "files": dict(after), "problems": problems},
    )
    if not (good or dry_run):
        raise typer.Exit(1)


def _what_is_left(name: str, folder: str, direct: bool) -> str:
    if direct:
        return (
            f"Not all of {name} is there: fetch the files from the pages above by another way, put them into "
            f"{folder}, and run this command again to check them."
        )
    return (
        f"{name} has no direct address: follow the lines above, put what you get into {folder}, and run this "
        "command again to check it."
    )
