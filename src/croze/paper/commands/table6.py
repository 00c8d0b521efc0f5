"""`croze reproduce table6`: the cells that a proxy ranks highest and lowest, trained; Figure 6 with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    BatchSize,
    DataSet,
    Half,
    Json,
    Plot,
    ScoreFolder,
    ScoreSeed,
    SpaceChannels,
    Workers,
)
from croze.cli.page_options import AllCells, sample_of


def table6(
    standard: Annotated[
        str,
        typer.Option(help="Accuracies after standard training, NAME:PATH: robust-nb201:DIR or pool:DIR."),
    ],
    adversarial: Annotated[
        str | None, typer.Option(help="The same cells after adversarial training; empty columns without.")
    ] = None,
    dataset: DataSet = "cifar10",
    proxies: Annotated[
        str, typer.Option(help="Whose highest and lowest cells, comma-separated.")
    ] = "croze-official,croze-robust",
    sample: Annotated[
        int | None, typer.Option(min=2, help="Distinct cells to draw; all that both know without.")
    ] = None,
    all_cells: AllCells = False,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of the draw.")] = 0,
    half: Half = "both",
    size: Annotated[int, typer.Option(min=1, help="Cells in a group.")] = 5,
    least: Annotated[
        float, typer.Option(min=0, max=1, help="Cells of less robust accuracy are left out.")
    ] = 0.2,
    robust: Annotated[
        str | None,
        typer.Option(
            help="The column that --least asks of, of --adversarial if there is one.  [default: pgd@8 of "
            "--adversarial, fgsm@8 of --standard]"
        ),
    ] = None,
    epsilon: Annotated[str, typer.Option(help="Of FGSM and PGD in the columns, in 1/255.")] = "8",
    data: Annotated[
        str | None,
        typer.Option(help="Images that proxies score on, READER:PATH; those of a pool, or digits, without."),
    ] = None,
    channels: SpaceChannels = None,
    cells_per_stage: Annotated[
        int | None, typer.Option(min=1, help="Of nasbench201; the space's own without.")
    ] = None,
    score_seed: ScoreSeed = 0,
    batch_size: BatchSize = 8,
    workers: Workers = 0,
    out: ScoreFolder = "runs/benchmark",
    images: Annotated[int, typer.Option(min=1, help="Of the pools' test images, for Figure 6.")] = 500,
    plot: Plot = None,
    json: Json = None,
) -> None:
    """Accuracies of the five best and five worst cells by proxy (Table 6), after leaving out weak ones.

    With pools --plot draws Figure 6 as well: the consistency of their features (Eq. 2).
    """
    from croze.cli.conversion import opened_truth
    from croze.cli.output import console, emit_json
    from croze.errors import CrozeError
    from croze.paper.commands.group_features import features_of_groups
    from croze.paper.commands.pool_scores import merits_of, settings_of
    from croze.paper.feature_plot import draw_consistency
    from croze.paper.group_table import group_table
    from croze.paper.top_and_bottom import top_and_bottom
    from croze.pool import read_design
    from croze.provenance import provenance
    from croze.proxies import parse_proxies
    from croze.reporting.chart import check_plot
    from croze.spaces import open_space
    from croze.truth.selection import shared_cells

    specs = {"standard": standard} | ({} if adversarial is None else {"adversarial": adversarial})
    pools = {name: spec.partition(":")[2] for name, spec in specs.items() if spec.startswith("pool:")}
    if plot is not None:
        check_plot(plot)
        if not pools:
            raise CrozeError(
                "Figure 6 compares features of trained networks: name a pool, --standard pool:DIR, or leave "
                "out --plot."
            )
    criteria = parse_proxies(proxies)
    designs = [read_design(Path(folder)) for folder in pools.values()]
    own = settings_of(designs, channels=channels, cells=cells_per_stage)
    images_of_scores = data or (designs[0].data if designs else "digits")
    terminal = console(json)
    truths = {name: opened_truth(spec, dataset, terminal) for name, spec in specs.items()}
    cells = shared_cells(list(truths.values()), sample_of(sample, all_cells=all_cells), seed, half)
    last = list(truths)[-1]
    column = robust or (f"pgd@{epsilon}" if adversarial is not None else f"fgsm@{epsilon}")
    space = open_space(designs[0].space if designs else truths["standard"].space, **own)
    merits = merits_of(
        space,
        cells.architectures,
        criteria,
        data=images_of_scores,
        batch_size=batch_size,
        seed=score_seed,
        workers=workers,
        folder=out,
        terminal=terminal,
    )
    columns = dict(zip(truths, cells.columns, strict=True))
    if column not in columns[last]:
        raise CrozeError(f"{specs[last]} has no column {column}; it has {', '.join(columns[last])}.")
    groups = top_and_bottom(
        cells.architectures,
        merits,
        columns["standard"],
        columns.get("adversarial"),
        columns[last][column],
        epsilon=epsilon,
        size=size,
        least=least,
    )
    printed = (truths["standard"].space, dataset) == ("nasbench201", "cifar10")
    for name in truths:
        terminal.print(group_table(groups, name, printed=printed))
    terminal.print(f"Scored as {space!r} on {batch_size} images of {images_of_scores}; {_half_of(half)}.")
    features = {name: features_of_groups(folder, groups, images, terminal) for name, folder in pools.items()}
    if plot is not None:
        draw_consistency(
            {
                f"{proxy}, {name} training": by_group
                for name, by_proxy in features.items()
                for proxy, by_group in by_proxy.items()
            },
            plot,
        )
        terminal.print(f"Written: {plot}")
    result = {
        "groups": [group.to_json() for group in groups],
        "cells": len(cells.architectures),
        "scored_on": {
            "data": images_of_scores,
            "images": batch_size,
            "space": repr(space),
            "seed": score_seed,
        },
        "seed": seed,
        "half": half,
        "left_out_below": {"column": f"{column} of {last}", "accuracy": least},
        "features": {
            name: {
                proxy: {group: [one.to_json() for one in found] for group, found in by_group.items()}
                for proxy, by_group in by_proxy.items()
            }
            for name, by_proxy in features.items()
        },
        "truth": {name: vars(truth.provenance) for name, truth in truths.items()},
        "provenance": provenance(),
    }
    emit_json(json, result)


def _half_of(half: str) -> str:
    """What is said of the cells: this project's own proxies were chosen on one half of them."""
    return "cells of both halves, those that proxies were chosen on too" if half == "both" else f"{half} half"
