"""`croze search`: find the best architectures of a space by a proxy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from croze.cli.options import (
    MAX_SEED,
    Augment,
    BatchSize,
    Cells,
    Channels,
    Data,
    Json,
    MicroBatch,
    Sampling,
    SpaceName,
    Workers,
    folder_of,
)


def search(
    space: SpaceName = "nasbench201",
    data: Data = "digits",
    proxy: Annotated[
        str, typer.Option(help="What to rank by; `croze list` names proxies and aggregates.")
    ] = "croze-robust",
    algorithm: Annotated[str, typer.Option(help="evolution or random.")] = "evolution",
    budget: Annotated[int, typer.Option(help="Distinct architectures to score.")] = 500,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Of strategy, weights, batch and noise.")
    ] = 0,
    max_params: Annotated[str | None, typer.Option(help="Most trainable parameters, such as 1M.")] = None,
    max_flops: Annotated[
        str | None, typer.Option(help="Most multiply-adds of one image, such as 100M.")
    ] = None,
    workers: Workers = 0,
    out: Annotated[
        str | None,
        typer.Option(help="Folder of the run; the same command goes on there.  [default: runs/SETTINGS]"),
    ] = None,
    batch_size: BatchSize = 8,
    sampling: Sampling = "balanced",
    augment: Augment = False,
    micro_batch: MicroBatch = None,
    population: Annotated[int, typer.Option(min=1, help="Of evolution: architectures alive.")] = 50,
    tournament: Annotated[int, typer.Option(min=1, help="Of evolution: drawn for each parent.")] = 10,
    channels: Channels = 16,
    cells: Cells = 5,
    json: Json = None,
) -> None:
    """Search a space for the architectures that a proxy ranks first, without training any.

    Killed or stopped, the same command goes on where it was.
    """
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.cli.sizes import parse_size
    from croze.data import load_batch
    from croze.evaluation import Evaluator, Ledger
    from croze.limits import Limits
    from croze.proxies import find_criterion, parts_of
    from croze.report.files import to_json, write_text
    from croze.report.score_table import format_value
    from croze.report.search_result import best, best_table, search_json
    from croze.report.search_settings import check_folder, fingerprint, search_settings
    from croze.search import make_algorithm
    from croze.spaces import open_space
    from croze.store import Store
    from croze.study import Progress
    from croze.study import search as run_search

    folder = None if out is None else folder_of(out)
    chosen = find_criterion(proxy)
    limits = Limits(parse_size(max_params, "--max-params"), parse_size(max_flops, "--max-flops"))
    opened = open_space(space, channels=channels, cells=cells)
    own: dict[str, Any] = {}
    if algorithm == "evolution":
        own = {"population": population, "tournament": tournament}
    strategy = make_algorithm(algorithm, opened, seed, **own)
    batch = load_batch(data, size=batch_size, seed=seed, sampling=sampling, augment=augment)
    evaluator = Evaluator(opened, batch, seed, micro_batch)
    settings = search_settings(evaluator, chosen, algorithm, own, limits)
    if folder is None:
        name = _slug(f"{space}-{chosen.spec}-{data}-{algorithm}-seed{seed}")
        folder = Path("runs") / f"{name}-{fingerprint(settings)}"
    check_folder(folder, settings)
    terminal = console(json)

    with Store(folder, evaluator.context) as store:
        ledger = Ledger(evaluator, store, workers)
        known = min(store.count(part.spec) for part in parts_of([chosen]))
        if known:
            terminal.print(
                f"The scores of {known:,} networks are in {folder} already and are not computed again."
            )
        try:
            with Bar(terminal, f"{chosen.spec} on {space}", budget) as bar:

                def watch(progress: Progress) -> None:
                    leader = progress.best.score.value if progress.best else None
                    bar.update(progress.scored, "" if leader is None else f"best {format_value(leader)}")

                found = run_search(opened, chosen, strategy, ledger, budget, limits, watch)
        finally:
            ledger.close()

        top = best(found, evaluator)
        result = search_json(found, top, {**settings, "budget": budget, "data": data})
        write_text(folder / "best.json", to_json(result))
        if top:
            winner = opened.parse(top[0].architecture)
            write_text(folder / "network.py", opened.export(winner, classes=batch.classes))

    terminal.print(
        best_table(top, f"Best of {len(found.candidates):,} cells by {chosen.spec}, {data}, seed {seed}")
    )
    if found.ended:
        terminal.print(f"{found.ended}.")
    failures = found.failures()
    if failures:
        terminal.print(f"{len(failures)} architectures failed, the first because: {failures[0].score.reason}")
    terminal.print(
        f"{found.seconds():.1f} device-seconds for {len(found.candidates):,} architectures"
        + (f", {found.rejected:,} more rejected by the limits" if found.rejected else "")
    )
    if top:
        terminal.print(f"Written: {folder / 'best.json'}, {folder / 'network.py'} (plain torch)")
    emit_json(json, result)
    if not top:
        raise typer.Exit(1)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:120]
