"""Where output goes: tables for people, JSON for programs, never both on one stream."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from croze.files import to_json, write_text

if TYPE_CHECKING:
    from rich.console import Console


def console(json_target: str | None) -> Console:
    """Standard output for people, or standard error when standard output carries the JSON."""
    from rich.console import Console

    stream = sys.stderr if json_target == "-" else sys.stdout
    # a pipe has no width of its own; 80 columns would break tables that a file holds well
    # no markup: what is printed holds users' paths and the messages of their networks
    return Console(file=stream, width=None if stream.isatty() else 160, highlight=False, markup=False)


def emit_json(target: str | None, value: Any) -> None:
    """Write the JSON where `--json` says; nowhere when it was not given."""
    if target == "-":
        sys.stdout.write(to_json(value))
    elif target is not None:
        write_text(target, to_json(value))
