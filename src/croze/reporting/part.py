"""One run in a report: what it is, what came of it, its charts and tables, what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from croze.reporting.chart import Chart
from croze.reporting.table import Table
from croze.reporting.text import text_of


@dataclass(frozen=True)
class Fact:
    """A figure at the top of a part: what it is, its value, a word on it."""

    label: str
    value: str
    remark: str = ""


@dataclass(frozen=True)
class Part:
    """A search, a benchmark, a training or an evaluation.

    Attributes:
        kind: which of them.
        title: its heading.
        about: one or two sentences.
        facts: its main figures.
        notices: what a reader must know before anything else, such as that the run is not finished.
        subject: an architecture in its notation; empty without.
        charts: in order.
        sheets: tables that stand open below the charts.
        basis: provenance, as pairs of what and value.
    """

    kind: str
    title: str
    about: str
    facts: tuple[Fact, ...]
    charts: tuple[Chart, ...]
    sheets: tuple[Table, ...] = ()
    notices: tuple[str, ...] = ()
    subject: str = ""
    basis: tuple[tuple[str, str], ...] = ()

    def excerpt(self, table: Table) -> str:
        """HTML for a notebook: heading, notices, a table, and the first chart where matplotlib is there."""
        try:
            picture = self.charts[0].svg() if self.charts else ""
        except ImportError:
            picture = ""
        lines = [f"<h3>{escape(self.title)}</h3>", *(f"<p>{escape(notice)}</p>" for notice in self.notices)]
        return "\n".join([*lines, table.html(), picture])


def paired(charts: Sequence[Chart]) -> tuple[Chart, ...]:
    """The charts, so that none of half the width stands alone: the last of an odd number takes all."""
    found: list[Chart] = []
    open_half = False
    for i, chart in enumerate(charts):
        follows = i + 1 < len(charts) and charts[i + 1].half
        if chart.half and not open_half and not follows:
            chart = replace(chart, half=False)
        open_half = chart.half and not open_half
        found.append(chart)
    return tuple(found)


def basis_of(provenance: Mapping[str, Any], *pairs: tuple[str, Any]) -> tuple[tuple[str, str], ...]:
    """The rows of a part's provenance: command, these pairs where they have a value, versions."""
    versions = provenance.get("versions") or {}
    rows = [
        ("command", str(provenance.get("command", "")).replace("__main__.py", "python -m croze", 1)),
        *pairs,
        ("made", provenance.get("made")),
        ("versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
        ("machine", provenance.get("machine")),
    ]
    return tuple((what, text_of(value)) for what, value in rows if value not in (None, "", [], {}))
