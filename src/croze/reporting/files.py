"""The charts of a report as files of their own."""

from __future__ import annotations

from pathlib import Path

from croze.reporting.chart import style
from croze.reporting.document import Report
from croze.reporting.figures import save


def write_figures(report: Report, folder: Path, ending: str) -> list[Path]:
    """Every chart as on a wide screen and on light ground, named after it.

    Args:
        ending: of the files, out of `croze.reporting.figures.FORMATS`.

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
