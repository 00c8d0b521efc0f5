"""The charts of a report as files of their own."""

from __future__ import annotations

from pathlib import Path

from croze.report.figures import save
from croze.report.html.chart import style
from croze.report.html.document import Report


def write_figures(report: Report, folder: Path, ending: str) -> list[Path]:
    """Every chart as on a wide screen and on light ground, named after it.

    Args:
        ending: of the files, out of `croze.report.figures.FORMATS`.

    Raises:
        CrozeError: when one cannot be written.
    """
    written = []
    for name, chart in report.charts:
        path = folder / f"{name}.{ending}"
        with style(chart.wide, **{"svg.hashsalt": name}):
            save(chart.draw(chart.wide), path)
        written.append(path)
    return written
