"""`croze report`: what a run came to, as one HTML page that opens offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Folder of a search, benchmark, training, evaluation or pool."),
    ],
    to: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="File to write.", show_default="RUN/report.html")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write every chart to this folder.")
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="Format of these charts: png, svg or pdf.")
    ] = "png",
) -> None:
    """Write a report: charts with their data, results and provenance.

    The page is self-contained and opens offline. RUN may also be a JSON file that a command wrote. An
    unfinished run is reported as far as it has got.
    """
    from croze.cli.output import console
    from croze.cli.progress import Bar
    from croze.errors import CrozeError
    from croze.files import write_text
    from croze.reporting.chart import FORMATS, check_plot
    from croze.runs import check_page, report_on, runs_in

    target = check_page(to if to is not None else (run if run.is_dir() else run.parent) / "report.html")
    if file_format not in FORMATS:
        raise CrozeError(f"--format takes {', '.join(FORMATS)}, got {file_format!r}.")
    if figures is not None and figures.exists() and not figures.is_dir():
        raise CrozeError(f"--figures takes a folder, {figures} is a file.")
    check_plot(target.with_suffix(".svg"))
    made = report_on(runs_in(run))
    terminal = console(None)
    with Bar(terminal, "drawing", len(made.charts)) as bar:
        page = made.html(bar.update)
    write_text(target, page)
    terminal.print(f"Written: {target} ({len(made.charts)} charts, {len(page) / 1000:,.0f} kB)")
    if figures is not None:
        written = made.save_charts(figures, file_format)
        terminal.print(f"Written: {len(written)} figures into {figures}")
