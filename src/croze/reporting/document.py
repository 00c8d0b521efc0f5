"""The parts of a report put together as one HTML page that needs no other file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from croze.errors import CrozeError
from croze.reporting.chart import NARROW, Chart
from croze.reporting.palette import variables
from croze.reporting.part import Part
from croze.reporting.table import Table, numeric

FOLDED = 16
"""Rows from which a table below the charts is folded."""
LONG = 36
"""Characters from which a cell of a table is broken into lines."""


@dataclass(frozen=True)
class Report:
    """A page.

    Attributes:
        title: its heading.
        subtitle: below it.
        parts: at least one.
        footer: its last line.
    """

    title: str
    subtitle: str
    parts: tuple[Part, ...]
    footer: str

    @property
    def charts(self) -> list[tuple[str, Chart]]:
        """Every chart with a name that no other has."""
        found: list[tuple[str, Chart]] = []
        for part in self.parts:
            for chart in part.charts:
                same = sum(other.name == chart.name for _, other in found)
                found.append((f"{chart.name}-{same + 1}" if same else chart.name, chart))
        return found

    def save_charts(self, folder: Path, ending: str) -> list[Path]:
        """Every chart as a file of its own, named after it; see `Chart.save`.

        Args:
            ending: of the files, out of `croze.reporting.chart.FORMATS`.

        Raises:
            CrozeError: when one cannot be written.
        """
        paths = [folder / f"{name}.{ending}" for name, _ in self.charts]
        for path, (_, chart) in zip(paths, self.charts, strict=True):
            chart.save(path)
        return paths

    def html(self, watch: Callable[[int], None] = lambda done: None) -> str:
        """The page.

        Args:
            watch: called after every chart with the number of those that are drawn.
        """
        from jinja2 import Environment
        from markupsafe import Markup

        here = files("croze.reporting")
        environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string((here / "page.html.j2").read_text(encoding="utf-8"))
        style = (here / "style.css").read_text(encoding="utf-8")
        for ground in ("light", "dark"):
            style = style.replace(f"@{ground}@", variables(ground))
        drawn: dict[int, dict[str, Any]] = {}
        for done, (name, chart) in enumerate(self.charts, start=1):
            drawn[id(chart)] = {
                "name": name,
                "heading": chart.heading,
                "reading": chart.reading,
                "alt": chart.alt,
                "half": chart.half,
                "wide": Markup(chart.inline(chart.wide, f"{name}-w")),
                "narrow": Markup(chart.inline(NARROW, f"{name}-n")),
                "data": _table(chart.data),
            }
            watch(done)
        return template.render(
            title=self.title,
            subtitle=self.subtitle,
            footer=self.footer,
            style=Markup(style),
            script=Markup((here / "theme.js").read_text(encoding="utf-8")),
            parts=[
                vars(part)
                | {
                    "subject": breakable(part.subject),
                    "charts": [drawn[id(chart)] for chart in part.charts],
                    "sheets": [_table(sheet) for sheet in part.sheets],
                }
                for part in self.parts
            ],
        )


def _table(sheet: Table) -> dict[str, Any]:
    """A table as the template takes it: each cell with its kind."""
    columns: Sequence[Sequence[str]] = list(zip(*sheet.rows, strict=True)) or [()] * len(sheet.head)
    kinds = [_kind(column) for column in columns]
    return {
        "title": sheet.title,
        "note": sheet.note,
        "folded": len(sheet.rows) > FOLDED,
        "head": [(text, "words" if kind else "") for text, kind in zip(sheet.head, kinds, strict=True)],
        "rows": [[(breakable(t), k) for t, k in zip(row, kinds, strict=True)] for row in sheet.rows],
    }


def breakable(text: str) -> Any:
    """The text, escaped, with places where a long architecture may go on in the next line."""
    from markupsafe import Markup, escape

    return Markup(str(escape(text)).replace("|+|", "|+<wbr>|"))


def _kind(column: Sequence[str]) -> str:
    if any(len(text) > LONG for text in column):
        return (
            "words long"
            if any("|" in text or "Genotype(" in text or " " not in text for text in column)
            else "words prose"
        )
    return "" if numeric(column) else "words"


def report_of(parts: Sequence[Part]) -> Report:
    """The report of these runs, named after the one or after what they are.

    Raises:
        CrozeError: without jinja2.
    """
    try:
        import jinja2  # noqa: F401
    except ImportError:
        raise CrozeError("A report needs jinja2: pip install 'croze[plot]'.") from None
    if len(parts) == 1:
        title, subtitle = parts[0].title, ""
    else:
        kinds = list(dict.fromkeys(part.kind for part in parts))
        title = " and ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds).capitalize()
        subtitle = "; ".join(part.title for part in parts)
    made = version("croze")
    return Report(
        title,
        subtitle,
        tuple(parts),
        f"Written by croze report, croze {made}. Self-contained: it loads no other file.",
    )
