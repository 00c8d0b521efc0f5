"""What figures have in common: their files and their colours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from croze.errors import CrozeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
"""Endings of a figure's file."""

# Okabe and Ito's palette, told apart by colour-blind readers
COLOURS = ("#000000", "#E69F00", "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")


def check_plot(path: Path) -> None:
    """Find out before any work whether a figure can be drawn to this file.

    Raises:
        CrozeError: without matplotlib, for an ending that is none of `FORMATS`, or a folder in its place.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise CrozeError("A plot needs matplotlib: pip install 'croze[plot]'.") from None
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise CrozeError(f"Cannot write the figure {path}: its name must end in .{', .'.join(FORMATS)}.")
    if path.is_dir():
        raise CrozeError(f"Cannot write the figure {path}: it is a folder.")


def save(figure: Figure, path: Path) -> None:
    """Write the figure whole or not at all; its kind follows the file's ending.

    Raises:
        CrozeError: when the file cannot be written.
    """
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(temporary, dpi=150)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as problem:
        raise CrozeError(f"Cannot write the figure {path}: {problem}.") from problem
