"""`croze search`: find the best architectures of a space by one objective or several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from croze.cli.options import (
    MAX_SEED,
    Augment,
    BatchSize,
    Data,
    Devices,
    Json,
    MicroBatch,
    Ray,
    Sampling,
    SpaceCells,
    SpaceChannels,
    SpaceLayers,
    SpaceName,
    Workers,
    folder_of,
)
from croze.cli.progress import Bar

if TYPE_CHECKING:
    from rich.console import Console

    from croze.searching.history import SearchHistory
    from croze.searching.run import SearchRun

Objectives = Annotated[
    list[str] | None,
    typer.Option(help="A proxy, an aggregate or latency; may be given several times, instead of --proxy."),
]


def search(
    space: SpaceName = "nasbench201",
    data: Data = "digits",
    proxy: Annotated[
        str | None,
        typer.Option(
            help="What to rank by; `croze list` names proxies and aggregates.  [default: croze-robust]"
        ),
    ] = None,
    maximize: Objectives = None,
    minimize: Objectives = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            help="`croze list algorithms` names them.  [default: evolution; nsga2 for several objectives]"
        ),
    ] = None,
    budget: Annotated[int, typer.Option(help="Distinct architectures to score.")] = 500,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of strategy, weights, batch and noise.")
    ] = 0,
    max_params: Annotated[str | None, typer.Option(help="Most trainable parameters, such as 1M.")] = None,
    max_live_params: Annotated[
        str | None, typer.Option(help="Most trainable parameters that a gradient can reach, such as 1M.")
    ] = None,
    max_flops: Annotated[
        str | None, typer.Option(help="Most multiply-adds of one image, such as 100M.")
    ] = None,
    max_latency: Annotated[
        float | None, typer.Option(help="Most milliseconds of one image's forward pass.")
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv:COLUMN",
            help="Look latencies up in this table, in milliseconds; measured here without.",
        ),
    ] = None,
    workers: Workers = 0,
    ray: Ray = None,
    device: Devices = None,
    in_flight: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Architectures in work at once, whatever the workers; part of the search.  [default: 32]",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder of the run; the same command goes on there.  [default: runs/SETTINGS]"),
    ] = None,
    batch_size: BatchSize = 8,
    sampling: Sampling = "balanced",
    augment: Augment = False,
    micro_batch: MicroBatch = None,
    population: Annotated[
        int | None, typer.Option(min=1, help="Of evolution and nsga2: architectures alive.")
    ] = None,
    tournament: Annotated[
        int | None, typer.Option(min=1, help="Of evolution: drawn for each parent.")
    ] = None,
    pool: Annotated[
        int | None, typer.Option(min=1, help="Of warmup: random architectures looked at first.")
    ] = None,
    neighbours_per_parent: Annotated[
        int | None,
        typer.Option(
            min=1, help="Of move with a guide: neighbours drawn for it to choose one from.  [default: all]"
        ),
    ] = None,
    guide: Annotated[
        str | None,
        typer.Option(help="Of warmup and move: a cheaper proxy that decides what is scored at all."),
    ] = None,
    channels: SpaceChannels = None,
    cells: SpaceCells = None,
    layers: SpaceLayers = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the front, or the progress, to this PNG, SVG or PDF.")
    ] = None,
    json: Json = None,
) -> None:
    """Search a space for the architectures that are best by a proxy, or by several objectives at once.

    Nothing is trained. Killed or stopped, the same command goes on where it was.
    """
    import sys
    from contextlib import redirect_stdout

    import croze
    from croze.cli.options import parse_size
    from croze.cli.output import console, emit_json
    from croze.reporting.chart import check_plot
    from croze.searching.loop import IN_FLIGHT

    terminal = console(json)
    if plot is not None:
        check_plot(plot)
    with _Shown(terminal) as watch, redirect_stdout(sys.stderr):  # what a user's file prints is no result
        run = croze.search(
            croze.open_space(space, channels=channels, cells=cells, layers=layers),
            proxy=proxy,
            maximize=maximize or (),
            minimize=minimize or (),
            algorithm=algorithm,
            budget=budget,
            seed=seed,
            max_params=parse_size(max_params, "--max-params"),
            max_live_params=parse_size(max_live_params, "--max-live-params"),
            max_flops=parse_size(max_flops, "--max-flops"),
            max_latency=max_latency,
            latency=latency,
            data=data,
            batch_size=batch_size,
            sampling=sampling,
            augment=augment,
            micro_batch=micro_batch,
            workers=workers,
            ray=ray,
            device=device,
            in_flight=in_flight or IN_FLIGHT,
            guide=guide,
            out=None if out is None else folder_of(out),
            watch=watch,
            population=population,
            tournament=tournament,
            pool=pool,
            neighbours_per_parent=neighbours_per_parent,
        )
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
        yield f"{run.reasons.total():,} architectures failed, the first because: {first}"
    yield (
        f"{run.device_seconds:.1f} device-seconds for {asked:,} architectures"
        + (f" and {run.guided:,} scored by the guide" if run.guided else "")
        + (f", {run.rejected:,} more rejected by the limits" if run.rejected else "")
    )
    if run.best is not None:
        files = [run.folder / "best.json", run.folder / "network.py", *([] if plot is None else [plot])]
        yield f"Written: {', '.join(map(str, files))}"


class _Shown:
    """Shows a search on the terminal; a context manager."""

    def __init__(self, terminal: Console) -> None:
        self._terminal = terminal
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)

    def begun(self, title: str, budget: int, folder: Path, known: int) -> None:
        """Say what is known already, and begin the bar."""
        if known:
            self._terminal.print(
                f"The scores of {known:,} networks are in {folder} already and are not computed again."
            )
        self._bar = Bar(self._terminal, title, budget).__enter__()

    def scored(self, history: SearchHistory) -> None:
        """Move the bar."""
        best = history.best
        value = None if best is None else best.score.value
        self._update(history, "" if value is None else f"best {value:.6g}")

    def guided(self, history: SearchHistory, done: int, wanted: int) -> None:
        """Say how far the guide is."""
        self._update(history, f"guide: {done:,} of {wanted:,}")

    def _update(self, history: SearchHistory, remark: str) -> None:
        assert self._bar is not None
        self._bar.update(history.scored, remark)
