"""`croze search`: find the best architectures of a space by one objective or several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from croze.cli import options
from croze.cli.progress import Bars

if TYPE_CHECKING:
    from croze.searching.run import SearchRun

Objectives = Annotated[
    list[str] | None,
    typer.Option(help="Proxy, aggregate or latency; may be repeated; replaces --proxy."),
]


def search(
    space: options.SpaceName = "nasbench201",
    data: options.Data = "digits",
    proxy: Annotated[
        str | None,
        typer.Option(help="Proxy or aggregate to rank by; see `croze list`.", show_default="croze-robust"),
    ] = None,
    maximize: Objectives = None,
    minimize: Objectives = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            help="Strategy; see `croze list algorithms`.",
            show_default="evolution, or nsga2 for several",
        ),
    ] = None,
    budget: Annotated[int, typer.Option(help="Number of distinct architectures to score.")] = 500,
    seed: Annotated[int, options.seed_of("strategy, weights, batch and noise")] = 0,
    max_params: Annotated[
        str | None, typer.Option(help="Upper limit on trainable parameters, such as 1M.")
    ] = None,
    max_live_params: Annotated[
        str | None,
        typer.Option(help="Upper limit on live parameters (those that a gradient reaches), such as 1M."),
    ] = None,
    max_flops: Annotated[
        str | None, typer.Option(help="Upper limit on multiply-adds of one image, such as 100M.")
    ] = None,
    max_latency: Annotated[
        float | None, typer.Option(help="Upper limit on the latency of one image, in milliseconds.")
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv:COLUMN",
            help="Table of latencies in milliseconds.",
            show_default="measured here",
        ),
    ] = None,
    workers: options.Workers = 0,
    ray: options.Ray = None,
    device: options.Devices = None,
    in_flight: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Architectures in flight; affects the search, unlike --workers.",
            show_default="32",
        ),
    ] = None,
    out: options.RunFolder = None,
    batch_size: options.BatchSize = 8,
    sampling: options.Sampling = "balanced",
    augment: options.Augment = False,
    micro_batch: options.MicroBatch = None,
    population: Annotated[
        int | None, typer.Option(min=1, help="Population size of evolution and nsga2.")
    ] = None,
    tournament: Annotated[int | None, typer.Option(min=1, help="Tournament size of evolution.")] = None,
    pool: Annotated[int | None, typer.Option(min=1, help="Random architectures in the warm-up pool.")] = None,
    neighbours_per_parent: Annotated[
        int | None,
        typer.Option(min=1, help="Neighbours from which a guide selects, in move.", show_default="all"),
    ] = None,
    guide: Annotated[
        str | None,
        typer.Option(help="Cheaper proxy that selects what is scored, in warmup and move."),
    ] = None,
    channels: options.SpaceChannels = None,
    cells: options.SpaceCells = None,
    layers: options.SpaceLayers = None,
    plot: Annotated[
        Path | None, typer.Option(help="Save the chart of progress, or the Pareto front, as PNG, SVG or PDF.")
    ] = None,
    json: options.Json = None,
) -> None:
    """Search a space for the architectures that are best by a proxy, or by several objectives at once.

    No candidate is trained. An interrupted search continues when the command is run again.
    """
    import sys
    from contextlib import redirect_stdout

    from croze.scoring.starting import start_early

    if ray is None:
        start_early(workers)  # before torch is imported here

    import croze
    from croze.cli.output import console, emit_json
    from croze.reporting.chart import check_plot
    from croze.searching.loop import IN_FLIGHT

    terminal = console(json)
    if plot is not None:
        check_plot(plot)
    with Bars(terminal) as watch, redirect_stdout(sys.stderr):  # what a user's file prints is no result
        run = croze.search(
            croze.open_space(space, channels=channels, cells=cells, layers=layers), proxy=proxy,
            maximize=maximize or (), minimize=minimize or (), algorithm=algorithm, budget=budget, seed=seed,
            max_params=options.parse_size(max_params, "--max-params"),
            max_live_params=options.parse_size(max_live_params, "--max-live-params"),
            max_flops=options.parse_size(max_flops, "--max-flops"), max_latency=max_latency,
            latency=latency, data=data, batch_size=batch_size, sampling=sampling, augment=augment,
            micro_batch=micro_batch, workers=workers, ray=ray, device=device,
            in_flight=in_flight or IN_FLIGHT, guide=guide, watch=watch,
            out=None if out is None else options.folder_of(out), population=population,
            tournament=tournament, pool=pool, neighbours_per_parent=neighbours_per_parent,
        )  # fmt: skip
    terminal.print(run.table())
    if plot is not None and run.best is not None:
        run.plot(plot)
    for line in _summary(run, plot):
        terminal.print(line)
    emit_json(json, run.result())
    if run.status == "failed":
        raise typer.Exit(1)


def _summary(run: SearchRun, plot: Path | None) -> Iterator[str]:
    """What stands below the table: failures, time, files."""
    asked = len(run.candidates)
    if run.ended:
        yield f"{run.ended}."
    if run.reasons:
        first = next(iter(run.reasons))
        yield f"{run.reasons.total():,} architectures failed; first reason: {first}"
    yield (
        f"{run.device_seconds:.1f} device-seconds for {asked:,} architectures"
        + (f" and {run.guided:,} scored by the guide" if run.guided else "")
        + (f", {run.rejected:,} more rejected by the limits" if run.rejected else "")
    )
    if run.best is not None:
        files = [run.folder / "best.json", run.folder / "network.py", *([] if plot is None else [plot])]
        yield f"Written: {', '.join(map(str, files))}"
