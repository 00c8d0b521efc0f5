"""A chart of a report as data, and the layouts it is drawn in."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from croze.reporting.figures import save
from croze.reporting.palette import GRID, INK, PANEL, SOFT
from croze.reporting.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = "marks"
"""How the ids of all groups begin that hold a chart's data; tests look for them."""


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
