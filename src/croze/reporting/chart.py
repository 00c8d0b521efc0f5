"""A chart of a report as data, and the layouts it is drawn in."""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from croze.errors import CrozeError
from croze.reporting.palette import GRID, INK, PANEL, SOFT, themed
from croze.reporting.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = "marks"
"""How the ids of all groups begin that hold a chart's data; tests look for them."""

FORMATS = ("png", "svg", "pdf")
"""Endings of a chart's file."""

MOST = 1200
"""Points up to which all are drawn."""

_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_OUTSIDE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style[^>]*>.*?</style>", re.DOTALL
)
_SIZE = re.compile(r'(<svg\b[^>]*?) (?:width|height)="[^"]*"')
_FAMILY = re.compile(r" ?font-family: [^;\"]*;?")
_SHORT = re.compile(r"(font: [^\"';]*?\d+(?:\.\d+)?px) [^;\"]+")


@dataclass(frozen=True)
class Layout:
    """Where a chart is drawn.

    Attributes:
        width: in CSS pixels, one of which is one unit of the drawing.
        narrow: for phones.
        font: size of the text, in pixels.
    """

    width: int
    narrow: bool
    font: float


NARROW = Layout(340, True, 11.5)
HALF = Layout(500, False, 12.0)
WIDE = Layout(1040, False, 13.0)


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        name: unique in a report, of letters, digits and dashes.
        heading: above it.
        reading: one or two sentences on how to read it.
        alt: what is to be seen in it, for those who do not see it.
        data: what is drawn, as a table.
        draw: makes the figure for a layout; the caller has set the style.
        half: whether two fit beside each other on a wide screen.
    """

    name: str
    heading: str
    reading: str
    alt: str
    data: Table
    draw: Callable[[Layout], Figure]
    half: bool = False

    @property
    def wide(self) -> Layout:
        """The layout on wide screens and in files."""
        return HALF if self.half else WIDE

    def save(self, path: Path) -> None:
        """Write it as on a wide screen and on light ground; the file's ending says as what (PNG, SVG, PDF).

        Raises:
            CrozeError: when the file cannot be written.
        """
        with style(self.wide, **{"svg.hashsalt": self.name}):
            save(self.draw(self.wide), path)

    def svg(self) -> str:
        """The drawing as an SVG element, for a notebook."""
        buffer = io.StringIO()
        with style(self.wide, **{"svg.hashsalt": self.name}):
            self.draw(self.wide).savefig(buffer, format="svg")
        text = buffer.getvalue()
        return text[text.index("<svg") :]

    def inline(self, layout: Layout, key: str) -> str:
        """The drawing for a page: text as text, colours as CSS variables; equal data, equal text.

        Args:
            key: what all ids in it begin with, unique in the page.
        """
        with style(layout, **{"svg.fonttype": "none", "svg.hashsalt": key}):
            figure = self.draw(layout)
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


@contextmanager
def style(layout: Layout, **more: Any) -> Iterator[None]:
    """The house's way to draw, for as long as the context lasts."""
    import matplotlib as mpl

    settings: Any = {
        "font.size": layout.font,
        "font.family": "sans-serif",
        "axes.titlesize": layout.font,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": layout.font,
        "xtick.labelsize": layout.font,
        "ytick.labelsize": layout.font,
        "legend.fontsize": layout.font,
        "legend.frameon": False,
        "legend.handlelength": 1.4,
        "legend.columnspacing": 1.2,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": SOFT,
        "axes.labelcolor": SOFT,
        "axes.titlecolor": INK,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.facecolor": "none",
        "axes.unicode_minus": True,
        "figure.facecolor": PANEL,
        "figure.dpi": 72,
        "grid.color": GRID,
        "grid.linewidth": 1,
        "lines.linewidth": 2,
        "text.color": INK,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        **more,
    }
    with mpl.rc_context(settings):
        yield


def canvas(layout: Layout, height: float) -> Figure:
    """An empty figure of so many pixels."""
    from matplotlib.figure import Figure

    return Figure(figsize=(layout.width / 72, height / 72), layout="constrained")


def legend_above(figure: Figure, axes: Axes, columns: int) -> None:
    """What the marks of these axes are, above the drawing, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=columns)


def thinned(x: Sequence[float], y: Sequence[float], most: int = MOST) -> list[int]:
    """Which points to draw: all of few; of many the first in each field of a fine grid."""
    if len(x) <= most:
        return list(range(len(x)))
    side = max(int(math.sqrt(most)), 1)
    left, bottom = min(x), min(y)
    across, up = (max(x) - left) or 1.0, (max(y) - bottom) or 1.0
    fields: dict[tuple[int, int], int] = {}
    for i, (a, b) in enumerate(zip(x, y, strict=True)):
        fields.setdefault((round((a - left) / across * side), round((b - bottom) / up * side)), i)
    return sorted(fields.values())


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


def _tidy(tag: str) -> str:
    """A tag without fonts, which the page chooses, with shorter numbers and with variables as colours."""
    tag = _SHORT.sub(r"\1 sans-serif", _FAMILY.sub("", tag))
    tag = _NUMBER.sub(lambda found: f"{float(found.group()):.2f}", tag)
    return themed(tag.replace(" \n", " "))
