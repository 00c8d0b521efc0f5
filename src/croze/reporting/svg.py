"""A figure as SVG that can stand in a page beside others, and in the colours of either ground."""

from __future__ import annotations

import io
import re

from croze.reporting.chart import Chart, Layout, style
from croze.reporting.palette import themed

_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_OUTSIDE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style[^>]*>.*?</style>", re.DOTALL
)
_SIZE = re.compile(r'(<svg\b[^>]*?) (?:width|height)="[^"]*"')
_FAMILY = re.compile(r" ?font-family: [^;\"]*;?")
_SHORT = re.compile(r"(font: [^\"';]*?\d+(?:\.\d+)?px) [^;\"]+")


def inline(chart: Chart, layout: Layout, key: str) -> str:
    """The drawing for a page: text as text, colours as CSS variables; equal data, equal text.

    Args:
        key: what all ids in it begin with, unique in the page.
    """
    with style(layout, **{"svg.fonttype": "none", "svg.hashsalt": key}):
        figure = chart.draw(layout)
        figure.patch.set_visible(False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = _OUTSIDE.sub("", file.getvalue())
    for _ in range(2):
        text = _SIZE.sub(r"\1", text)
    for before in ('id="', 'href="#', "url(#"):
        text = re.sub(rf"(?<=\b{re.escape(before)})", f"{key}-", text)
    text = _TAG.sub(lambda found: _tidy(found.group()), text)
    return re.sub(r">\s+<", "><", text).strip()


def _tidy(tag: str) -> str:
    """A tag without fonts, which the page chooses, with shorter numbers and with variables as colours."""
    tag = _SHORT.sub(r"\1 sans-serif", _FAMILY.sub("", tag))
    tag = _NUMBER.sub(lambda found: f"{float(found.group()):.2f}", tag)
    return themed(tag.replace(" \n", " "))
