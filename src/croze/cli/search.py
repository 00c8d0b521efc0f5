"""`croze search`: find the best architectures of a space by one objective or several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
    devices_of,
    folder_of,
    slug,
)

SHOWN = 20
"""Members of a front that the terminal shows."""

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
    brood: Annotated[
        int | None, typer.Option(min=1, help="Of move with a guide: neighbours to choose a child from.")
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

    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.cli.sizes import parse_size
    from croze.data import load_batch
    from croze.errors import CrozeError
    from croze.files import to_json, write_text
    from croze.proxies import DEFAULT, parse_proxy
    from croze.proxies.size import Params
    from croze.reporting.chart import check_plot
    from croze.scoring.costs import MeasuredLatency, read_latency
    from croze.scoring.evaluator import Evaluator, is_kept
    from croze.scoring.ledger import Ledger
    from croze.scoring.store import Store
    from croze.scoring.table import format_value
    from croze.searching.candidates import CourseFile, sizes_of
    from croze.searching.guide import guide_by
    from croze.searching.limits import Limits
    from croze.searching.loop import IN_FLIGHT, Progress
    from croze.searching.loop import search as run_search
    from croze.searching.objectives import find_objective, find_objectives, quantities_of
    from croze.searching.plot import draw_search
    from croze.searching.result import best, best_table, search_json, winner
    from croze.searching.settings import check_folder, fingerprint, search_settings
    from croze.searching.strategies import Guide, algorithm_name, make_algorithm, settings_of
    from croze.spaces import open_space

    folder = None if out is None else folder_of(out)
    if proxy is not None and (maximize or minimize):
        raise CrozeError("Name what to rank by either with --proxy or with --maximize and --minimize.")
    if plot is not None:
        check_plot(plot)
    with redirect_stdout(sys.stderr):  # what a user's file prints is not part of the result
        opened = open_space(space, channels=channels, cells=cells, layers=layers)
    latencies = (
        MeasuredLatency() if latency is None else read_latency(latency, opened.parse, opened.canonical)
    )
    if maximize or minimize:
        chosen = find_objectives(maximize or [], minimize or [], latencies)
    else:
        chosen = [find_objective(proxy or DEFAULT, latencies)]
    guided_by = None if guide is None else parse_proxy(guide)
    limits = Limits(
        parse_size(max_params, "--max-params"),
        parse_size(max_live_params, "--max-live-params"),
        parse_size(max_flops, "--max-flops"),
        max_latency,
        latencies,
    )
    strategy_name = algorithm_name(algorithm or ("nsga2" if len(chosen) > 1 else "evolution"))
    given: dict[str, Any] = {
        key: value
        for key, value in (
            ("population", population),
            ("tournament", tournament),
            ("pool", pool),
            ("brood", brood),
        )
        if value is not None
    }
    own = settings_of(strategy_name) | given
    opinion: list[Guide[Any]] = []  # filled when there are workers to ask; a bad setting is found before
    strategy = make_algorithm(
        strategy_name,
        opened,
        seed,
        guide=None if guided_by is None else lambda architectures: opinion[0](architectures),
        **given,
    )
    if guided_by is None and "pool" in own and own["pool"] >= budget > 0:
        raise CrozeError(
            f"A pool of {own['pool']:,} uses up the budget of {budget:,}, so that nothing would follow the "
            "warm-up: name a smaller --pool, a larger --budget, or a --guide that looks at the pool instead."
        )
    devices = devices_of(device, here=ray is None)
    batch = load_batch(data, size=batch_size, seed=seed, sampling=sampling, augment=augment)
    kind = devices[0].partition(":")[0] if devices else "cpu"
    evaluator = Evaluator(opened, batch, seed, micro_batch, scores_from=kind)
    ahead = in_flight or IN_FLIGHT
    settings = search_settings(
        evaluator, chosen, strategy_name, own, limits, guide=guided_by, in_flight=ahead
    )
    specs = "+".join(objective.spec for objective in chosen)
    if folder is None:
        name = slug(f"{space}-{specs}-{data}-{strategy_name}-seed{seed}")
        folder = Path("runs") / f"{name}-{fingerprint(settings)}"
    check_folder(folder, settings)
    terminal = console(json)
    progress = Progress(budget, chosen)
    written = {**settings, "budget": budget, "data": data}
    course = CourseFile(folder, written)

    with Store(folder, evaluator.context) as store:
        ledger = Ledger(evaluator, store, workers, ray=ray, devices=devices)
        known = min((store.count(q.spec) for q in quantities_of(chosen) if is_kept(q)), default=0)
        if known:
            terminal.print(
                f"The scores of {known:,} networks are in {folder} already and are not computed again."
            )
        with ledger, Bar(terminal, f"{specs} on {space}", budget) as bar, redirect_stdout(sys.stderr):

            def watch(progress: Progress) -> None:
                leader = progress.best.score.value if progress.best else None
                bar.update(progress.scored, "" if leader is None else f"best {format_value(leader)}")
                course.update(progress)

            def watch_guide(done: int, wanted: int) -> None:
                bar.update(progress.scored, f"{guide}: {done:,} of {wanted:,}")

            if guided_by is not None:
                opinion.append(guide_by(guided_by, opened, ledger, limits, progress, watch_guide))
            found = run_search(
                opened,
                chosen,
                strategy,
                ledger,
                budget,
                limits,
                watch,
                in_flight=ahead,
                progress=progress,
                also=[Params()],
            )
            course.finish(found, sizes_of(found, ledger))

        with redirect_stdout(sys.stderr):
            top = best(found, evaluator)
        first = winner(found, top)
        result = search_json(found, top, first, written)
        write_text(folder / "best.json", to_json(result))
        if first is not None:
            text = opened.export(opened.parse(first.architecture), classes=batch.classes)
            write_text(folder / "network.py", text)
    title = f"{specs} on {space}, {data}, seed {seed}"
    if plot is not None:
        draw_search(found, plot, f"{len(found):,} architectures: {title}")

    what = "Pareto front" if len(chosen) > 1 else "Best"
    shown = top if len(top) <= SHOWN else top[:SHOWN]
    terminal.print(best_table(shown, f"{what} of {len(found):,} architectures by {title}"))
    if len(top) > SHOWN:
        terminal.print(f"{len(top) - SHOWN} more on the front: {folder / 'best.json'} has them all.")
    if found.ended:
        terminal.print(f"{found.ended}.")
    failures = found.failures()
    if failures:
        terminal.print(f"{len(failures)} architectures failed, the first because: {failures[0].reason}")
    terminal.print(
        f"{found.seconds():.1f} device-seconds for {len(found):,} architectures"
        + (f" and {found.guided:,} looked at by the guide" if found.guided else "")
        + (f", {found.rejected:,} more rejected by the limits" if found.rejected else "")
    )
    if first is not None:
        which = (
            "" if len(chosen) == 1 else f", number {first.rank} of the front, which has the best mean rank"
        )
        files = [str(folder / "best.json"), f"{folder / 'network.py'} (plain torch{which})"]
        terminal.print(f"Written: {', '.join(files + ([str(plot)] if plot is not None else []))}")
    emit_json(json, result)
    if not top:
        raise typer.Exit(1)
