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


def check_page(page: Path | None) -> None:
    """Find out before any work whether `--page` names a file.

    Raises:
        CrozeError: for a folder.
    """
    if page is not None and page.is_dir():
        raise CrozeError(f"--page takes the name of a file, got the folder {page}.")
