"""A table as data, and the texts that stand in its cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """A table as data.

    Attributes:
        title: heading of the table.
        note: a paragraph before it; may be empty.
        head: headings of the columns, the first for what a row is about.
        rows: texts, as wide as `head`.
        prose: whether the columns behind the first hold words rather than numbers.
    """

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    prose: bool = False

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


def rho_text(value: float) -> str:
    """A correlation with three digits and no leading zero; `-` where there is none."""
    if math.isnan(value):
        return "-"
    text = f"{value:.3f}"
    if text in ("-0.000", "0.000"):
        return ".000"
    return text.replace("0.", ".", 1) if abs(value) < 1 and "0." in text[:3] else text


def interval_text(rho: float, low: float, high: float) -> str:
    """A correlation with its interval, where it has one."""
    if math.isnan(rho) or math.isnan(low):
        return rho_text(rho)
    return f"{rho_text(rho)} ({rho_text(low)} to {rho_text(high)})"


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(text.split()).replace("|", "\\|") for text in texts) + " |"
