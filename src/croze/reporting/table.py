"""A table as data, shown on a terminal, in Markdown, in HTML and as a data frame."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from croze.errors import CrozeError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table as RichTable

NAME = 24
"""Characters up to which what a row is about stays on one line of a terminal."""

_NUMERIC = re.compile(r"(?:[\s\d.,()\[\]%+\-−–×/:kMGse|]|\bto\b|\bof\b)*|none|failed", re.IGNORECASE)
_NUMBER = re.compile(r"([+\-−]?)((?:\d[\d,]*)?\.?\d+(?:e[+-]?\d+)?)(%?)")
_NOTHING = ("", "-", "–", "none", "failed")


@dataclass(frozen=True)
class Table:
    """A table as data.

    >>> table = Table("Sizes", "Of two networks.", ("network", "params"), (("a", "1,234"), ("b", "56")))
    >>> print(table.terminal(40))
    Sizes
     network   params
    ──────────────────
     a          1,234
     b             56
    Of two networks.

    Attributes:
        title: heading of the table.
        note: a paragraph on it; may be empty.
        head: headings of the columns, the first for what a row is about.
        rows: texts, as wide as `head`.
        prose: whether the columns behind the first hold words rather than numbers.
    """

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    prose: bool = False

    def terminal(self, width: int = 80) -> str:
        """The table for people, in lines of at most `width` characters, the note below; no newline behind."""
        from rich.console import Console

        file = io.StringIO()
        Console(file=file, width=width, highlight=False, markup=False, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in file.getvalue().rstrip().split("\n"))

    def __rich__(self) -> RichTable:
        """What a console of rich prints: numbers to the right, brackets on a line of their own."""
        from rich import box
        from rich.table import Table as RichTable

        table = RichTable(
            title=self.title or None,
            title_justify="left",
            title_style="",
            caption=self.note or None,
            caption_justify="left",
            caption_style="",
            box=box.SIMPLE_HEAD,
            show_edge=False,
            header_style="",
        )
        kinds = [numeric(column) for column in self._columns()]
        for i, (heading, number) in enumerate(zip(self.head, kinds, strict=True)):
            name = i == 0 and all(len(row[0]) <= NAME for row in self.rows)
            table.add_column(heading, justify="right" if number else "left", overflow="fold", no_wrap=name)
        for row in self.rows:
            texts = [text.replace("`", "") for text in row]
            if not self.prose:
                texts = [
                    t.replace(" (", "\n(") if number else t for t, number in zip(texts, kinds, strict=True)
                ]
            table.add_row(*texts)
        return table

    def markdown(self) -> str:
        """Heading, note and table."""
        rule = "---" if self.prose else "---:"
        lines = [_line(self.head), _line(["---", *[rule] * (len(self.head) - 1)])]
        lines += [_line(row) for row in self.rows]
        return "\n\n".join(part for part in (f"## {self.title}", self.note, "\n".join(lines)) if part)

    def html(self) -> str:
        """A plain HTML table, for a notebook; reports style their own."""
        cells = [("th", self.head), *(("td", row) for row in self.rows)]
        rows = ("".join(f"<{tag}>{escape(text)}</{tag}>" for text in row) for tag, row in cells)
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"

    _repr_html_ = html

    def to_frame(self) -> pd.DataFrame:
        """A data frame; a column of numbers holds numbers, as precise as they are shown, shares for percent.

        Raises:
            CrozeError: without pandas.
        """
        columns: dict[int, Sequence[object]] = {}
        for i, column in enumerate(self._columns()):
            read = [_read(text) for text in column]
            words = math.inf in read or all(value is None for value in read)
            columns[i] = column if words else [math.nan if value is None else value for value in read]
        return _pandas().DataFrame(columns).set_axis(list(self.head), axis=1)

    def _columns(self) -> Sequence[Sequence[str]]:
        return list(zip(*self.rows, strict=True)) or [()] * len(self.head)


def numeric(column: Sequence[str]) -> bool:
    """Whether the cells of a column are numbers, with what belongs to them, rather than words."""
    return all(_NUMERIC.fullmatch(text) for text in column)


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A data frame of these rows.

    Raises:
        CrozeError: without pandas.
    """
    return _pandas().DataFrame(rows)


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError:
        raise CrozeError("A data frame needs pandas: pip install 'croze[frame]'.") from None
    return pd


def _read(text: str) -> float | int | None:
    """The number that a cell shows; None for a cell without, infinity for one with something else."""
    if text.strip().lower() in _NOTHING:
        return None
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return math.inf
    digits = match[2].replace(",", "")
    value: float = int(digits) if digits.isdigit() and not match[3] else float(digits)
    return (-1 if match[1] in ("-", "−") else 1) * (value / 100 if match[3] else value)


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(text.split()).replace("|", "\\|") for text in texts) + " |"
