"""`croze reproduce table1`: how proxies rank cells after adversarial training, beside the paper's Table 1."""

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


def table1(
    truth: Truth,
    dataset: DataSet = "cifar10",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Cells to draw; all of them without, as with --all.")
    ] = None,
    all_cells: AllCells = False,
    cells: Annotated[
        str, typer.Option(help="distinct ones up to isomorphism, or all strings that the truth has.")
    ] = "distinct",
    epsilon: Annotated[
        str, typer.Option(help="Of the attacks, in 1/255: 8 or 3 in NAS-RobBench-201. None is printed.")
    ] = "8",
    proxies: RankedProxies = "all",
    given_size: GivenSize = None,
    data: Data = "digits",
    batch_size: BatchSize = 8,
    sampling: Sampling = "random",
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
    """Rank cells by every proxy and compare with accuracies after adversarial training: Table 1.

    --truth nas-robbench201:FILE?ids=META fills clean, FGSM, PGD, their HRS and AutoAttack. The columns of
    attacks that the truth lacks stay empty; a pool of `croze pool train` has what it was attacked with.
    """
    from croze.cli.conversion import opened_truth
    from croze.cli.output import console
    from croze.paper.table1_columns import table1 as filled_by
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
    known, layout = filled_by(opened_truth(truth, dataset, console(json)), epsilon)
    count = sample_of(sample, all_cells=all_cells)
    positions = select(known, count, seed, cells)
    kind = "distinct ones" if cells == "distinct" else "strings"
    wanted.run(
        criteria,
        known,
        layout,
        positions,
        f"all {kind}" if count is None else f"{kind} drawn with seed {seed}",
        f"Table 1 on {known.dataset}",
        "How proxies of untrained networks rank cells by what they reach after adversarial training: the "
        f"paper's Table 1, with the accuracies of {known.name} on {known.dataset}, attacks at {epsilon}/255. "
        "The paper trained 500 cells of its own, which are not published.",
    )
