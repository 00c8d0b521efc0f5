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
    PageFile,
    Resamples,
    SampleSeed,
    Sampling,
    ScoreFolder,
    ScoreSeed,
    SpaceChannels,
    Truth,
    Workers,
)
from croze.cli.output import console
from croze.cli.progress import opened_truth
from croze.errors import CrozeError
from croze.paper.options import AllCells, GivenSize, RankedProxies, sample_of
from croze.paper.rank_run import rank_and_publish, ranked_criteria
from croze.paper.rank_table import Layout
from croze.ranking import columns
from croze.ranking.columns import CONVENTIONS, PRINTED
from croze.truth import select
from croze.truth.nasbench201 import SPACE
from croze.truth.truth import Truth as GroundTruth

SAMPLE = 1000
"""Strings that are drawn where nothing else is asked for."""


def table2(
    truth: Truth,
    dataset: DataSet = "cifar10",
    sample: Annotated[
        int | None,
        typer.Option(min=1, help=f"Number of strings to draw.  [default: {SAMPLE}]"),
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

    For all drawn strings, as the paper counts them, and for distinct cells, on both halves of the cells. The
    printed values of the selected proxies are compared with ours. An interrupted command continues when it
    is run again; --all --proxies params takes minutes, --all with all proxies a day.
    """
    terminal = console(json)
    criteria = ranked_criteria(proxies, out, page)
    known = opened_truth(truth, dataset, terminal)
    count = sample_of(sample, all_cells=all_cells, default=SAMPLE, among=len(known))
    layout = layout_of_table2(known, convention)
    positions = select(known, count, seed)
    rank_and_publish(
        criteria, known, layout, positions,
        drawn="all" if count is None else f"drawn with seed {seed} from {len(known):,} strings",
        title=f"Table 2 on {known.dataset}",
        about="Rank correlation of proxies of untrained networks with accuracies after standard "
        f"training: Table 2 of the paper for {known.dataset}, with the accuracies of {known.name}.",
        remarks=[
            (f"Table 2 on {other}", f"the same command with --dataset {other}, if {known.name} has it")
            for other in PRINTED
            if other != known.dataset
        ],
        given_size=given_size, data=data, batch_size=batch_size, sampling=sampling, seed=seed,
        score_seed=score_seed, resamples=resamples, channels=channels, cells_per_stage=cells_per_stage,
        workers=workers, out=out, page=page, json=json, terminal=terminal,
    )  # fmt: skip


def layout_of_table2(truth: GroundTruth, convention: str = "paper") -> Layout:
    """Table 2 for the data set of a truth.

    Args:
        truth: accuracies after standard training.
        convention: of the corruption groups, `paper` or `usual`.

    Raises:
        CrozeError: a truth of adversarial training, and as `croze.ranking.columns.table2`.
    """
    if truth.training == "adversarial":
        raise CrozeError(
            f"Table 2 is of standard training, {truth.name} of adversarial training: name "
            "robust-nb201:FOLDER or a pool, or take `croze reproduce table1`."
        )
    table = columns.table2(truth, convention)
    there = {column.name for column in table.columns}
    needs = {"clean": "clean accuracy", "fgsm8": "FGSM at 8/255", "fgsm4": "FGSM at 4/255"}
    needs |= {
        group: f"accuracies under {', '.join(kinds)} at all severities"
        for group, kinds in CONVENTIONS[convention].items()
    }
    empty = {
        name: f"{truth.name} as given has no {needs[name]}"
        for name in PRINTED[truth.dataset]
        if name not in there
    }
    return Layout(f"table2/{truth.dataset}", table, empty, truth.space == SPACE)
