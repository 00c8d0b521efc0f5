"""`croze reproduce table2`: how proxies rank cells after standard training, beside the paper's Table 2."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import (
    BatchSize,
    CellsPerStage,
    Data,
    DataSet,
    Json,
    Resamples,
    SampleSeed,
    Sampling,
    ScoreFolder,
    ScoreSeed,
    SpaceChannels,
    Truth,
    Workers,
)
from croze.cli.page_options import AllCells, GivenSize, PageFile, RankedProxies, sample_of
from croze.paper.rank_run import RankRun

SAMPLE = 1000
"""Strings that are drawn where nothing else is asked for."""


def table2(
    truth: Truth,
    dataset: DataSet = "cifar10",
    sample: Annotated[
        int | None,
        typer.Option(min=1, help=f"Strings to draw from the truth's.  [default: {SAMPLE}]"),
    ] = None,
    all_cells: AllCells = False,
    proxies: RankedProxies = "all",
    given_size: GivenSize = None,
    data: Data = "digits",
    batch_size: BatchSize = 8,
    sampling: Sampling = "random",
    convention: Annotated[str, typer.Option(help="Corruption groups: paper or usual.")] = "paper",
    seed: SampleSeed = 0,
    score_seed: ScoreSeed = 0,
    resamples: Resamples = 1000,
    channels: SpaceChannels = None,
    cells_per_stage: CellsPerStage = None,
    workers: Workers = 0,
    out: ScoreFolder = "runs/table2",
    page: PageFile = None,
    json: Json = None,
) -> None:
    """Rank cells by every proxy and compare with accuracies after standard training: Table 2.

    For all drawn strings as the paper counts them and for distinct cells, on both halves of the cells. The
    paper's figures stand beside ours where its proxy is among those asked for. Ended at any moment, the same
    command goes on; --all --proxies params takes minutes, --all with all proxies a day.
    """
    from croze.cli.conversion import opened_truth
    from croze.cli.output import console
    from croze.paper.layout import layout_of_table2
    from croze.ranking.table import PRINTED
    from croze.truth import select

    wanted = RankRun(
        proxies=proxies,
        given_size=given_size,
        data=data,
        batch_size=batch_size,
        sampling=sampling,
        seed=seed,
        score_seed=score_seed,
        resamples=resamples,
        channels=channels,
        cells_per_stage=cells_per_stage,
        workers=workers,
        out=out,
        page=page,
        json=json,
    )
    criteria = wanted.check()
    known = opened_truth(truth, dataset, console(json))
    count = sample_of(sample, all_cells=all_cells, default=SAMPLE, among=len(known))
    layout = layout_of_table2(known, convention)
    positions = select(known, count, seed)
    wanted.run(
        criteria,
        known,
        layout,
        positions,
        "all" if count is None else f"drawn with seed {seed} from {len(known):,} strings",
        f"Table 2 on {known.dataset}",
        "How proxies of untrained networks rank cells by what they reach after standard training: the "
        f"paper's Table 2 for {known.dataset}, with the accuracies of {known.name}.",
        [
            (f"Table 2 on {other}", f"the same command with --dataset {other}, where {known.name} has it")
            for other in PRINTED
            if other != known.dataset
        ],
    )
