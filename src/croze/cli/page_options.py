"""Options that several reproductions share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.errors import CrozeError

Forms = Annotated[
    str,
    typer.Option("--form", help="Comma-separated forms of CRoZe: croze-paper, croze-official, ..."),
]
PageFile = Annotated[Path | None, typer.Option("--page", help="Write the result to this Markdown file.")]

AllCells = Annotated[bool, typer.Option("--all", help="Every cell of the truth, in place of --sample.")]
RankedProxies = Annotated[
    str,
    typer.Option("--proxies", help="Comma-separated proxies and aggregates, or all of those with a name."),
]
GivenSize = Annotated[
    bool | None,
    typer.Option(
        "--given-size/--no-given-size",
        help="Count live parameters too, for rho given these.  [default: unless all proxies are sizes]",
    ),
]


def sample_of(
    sample: int | None, *, all_cells: bool, default: int | None = None, among: int = 0
) -> int | None:
    """How many cells `--sample` and `--all` ask for; None for all of them, also without both and a default.

    Args:
        default: how many where neither was given; all of them where there are no more.
        among: how many there are.

    Raises:
        CrozeError: when both were given.
    """
    if sample is not None and all_cells:
        raise CrozeError(f"--all takes every cell, --sample {sample} some of them: give one of the two.")
    if sample is not None:
        return sample
    return None if all_cells or default is None or among <= default else default


def check_page(page: Path | None) -> None:
    """Find out before any work whether `--page` names a file.

    Raises:
        CrozeError: for a folder.
    """
    if page is not None and page.is_dir():
        raise CrozeError(f"--page takes the name of a file, got the folder {page}.")
