"""A page of documentation that a command writes: what was measured, on what, how to read it, the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from croze.reporting.table import Table


@dataclass(frozen=True)
class Page:
    """A page as data.

    Attributes:
        title: its heading.
        about: one paragraph.
        command: the exact command that made it.
        basis: what it rests on, a line each.
        notes: how to read it, a line each.
        sheets: the tables.
        figure: where its figure lies, as the page links it; empty without.
        caption: of the figure.
    """

    title: str
    about: str
    command: str
    basis: Sequence[str]
    notes: Sequence[str]
    sheets: Sequence[Table]
    figure: str = ""
    caption: str = ""

    def markdown(self) -> str:
        """The page, ending with a newline."""
        blocks = [
            f"# {self.title}",
            f"{self.about} This page is written by a command; do not edit it:",
            f"```console\n$ {self.command}\n```",
            _list(self.basis),
            f"![{self.title}]({self.figure})\n\n{self.caption}" if self.figure else "",
            f"## How to read it\n\n{_list(self.notes)}",
            *(sheet.markdown() for sheet in self.sheets),
        ]
        return "\n\n".join(block for block in blocks if block) + "\n"


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
