"""`croze reproduce figure4`: features of the best by FGSM, by PGD and by proxy, under 18 inputs."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import BatchSize, Json, Plot, ScoreSeed, Workers


def figure4(
    pools: Annotated[
        list[str],
        typer.Option("--pool", metavar="DIR", help="A pool by `croze pool train`; one a training."),
    ],
    proxies: Annotated[
        str, typer.Option(help="Whose choices to look at, comma-separated.")
    ] = "croze-official,croze-robust",
    data: Annotated[
        str | None, typer.Option(help="Images that proxies score on; those of the pool without.")
    ] = None,
    test_data: Annotated[
        str | None, typer.Option(help="Images that features are compared on; those of the pool without.")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="So many of them, balanced over classes.")] = 500,
    severity: Annotated[int, typer.Option(min=1, max=5, help="Of the corruptions.")] = 3,
    score_seed: ScoreSeed = 0,
    batch_size: BatchSize = 8,
    workers: Workers = 0,
    plot: Plot = None,
    json: Json = None,
) -> None:
    """The variance of features over clean, FGSM, PGD and 15 corrupted inputs (the paper's Figure 4).

    Of each pool: the member that is best under FGSM, the best under PGD, and the choice of each proxy.
    """
    from croze.cli.output import console, emit_json
    from croze.cli.progress import Bar
    from croze.paper.commands.pool_scores import merits_of_pool, test_images
    from croze.paper.feature_consistency import Settings
    from croze.paper.feature_plot import draw_variance, variance_table
    from croze.paper.feature_variance import ATTACKS, feature_variance
    from croze.pool import read_pool
    from croze.provenance import provenance
    from croze.proxies import parse_proxies
    from croze.reporting.chart import check_plot

    if plot is not None:
        check_plot(plot)
    criteria = parse_proxies(proxies)
    settings = Settings(severity=severity)
    terminal = console(json)
    chosen = []
    for pool in map(read_pool, pools):
        shown = test_images(pool, test_data, images)
        merits = merits_of_pool(pool, criteria, data, batch_size, score_seed, workers, terminal)
        jobs = [*ATTACKS, *merits]
        count = len(shown)
        with Bar(terminal, "features", len(jobs) * count) as bar:

            def watch(by: str, done: int, jobs: list[str] = jobs, count: int = count, bar: Bar = bar) -> None:
                bar.update(jobs.index(by) * count + done, by)

            chosen += feature_variance(pool, merits, shown, settings, watch)
    if plot is not None:
        draw_variance(chosen, plot)
    terminal.print(variance_table(chosen))
    emit_json(json, {"chosen": [one.to_json() for one in chosen], "provenance": provenance()})
