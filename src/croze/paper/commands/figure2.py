"""`croze reproduce figure2`: robustness against the cost of the search, printed and ours."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import Json, Plot


def figure2(
    table3: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of `croze reproduce table3`, for our points of HRS."),
    ] = None,
    table4: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of `croze reproduce table4`, for our adversarial averages."),
    ] = None,
    plot: Plot = None,
    json: Json = None,
) -> None:
    """HRS (Table 3) and the average of five attacks (Table 4) against search cost.

    Printed points cost GPU seconds of an RTX 3090, ours seconds of this machine: they stand in panels of
    their own. A published cell has no search of ours and is no point of ours.
    """
    import dataclasses

    from croze.cli.options import folder_of
    from croze.cli.output import console, emit_json
    from croze.paper.protocol.result import read_run
    from croze.paper.search_cost_plot import cost_panels, cost_sheet, draw_costs
    from croze.provenance import provenance
    from croze.reporting.chart import check_plot

    if plot is not None:
        check_plot(plot)
    runs = [
        None if folder is None else read_run(folder_of(folder, f"--{table}"), table, figure)
        for folder, table, figure in ((table3, "table3", "hrs"), (table4, "table4", "avg"))
    ]
    rows = cost_panels(*runs)
    terminal = console(json)
    terminal.print(cost_sheet(rows))
    for run in runs:
        if run is not None and run.without:
            terminal.print(f"No point of ours in {run.table}: {', '.join(run.without)}.")
    if plot is not None:
        draw_costs(rows, plot, "Robustness against the cost of the search (Figure 2)")
        terminal.print(f"Written: {plot}")
    panels = [dataclasses.asdict(panel) for row in rows for panel in row]
    emit_json(json, {"panels": panels, "provenance": provenance()})
