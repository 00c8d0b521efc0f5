"""`croze reproduce table1`: how proxies rank cells after adversarial training, beside the paper's Table 1.

The paper trained 500 cells of its own. NAS-RobBench-201 has clean accuracy, FGSM, PGD and AutoAttack, and
nothing for the other attacks; a pool has what it was attacked with. The size of the attacks is not printed:
the networks were trained against 8/255.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
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
from croze.paper.printed import printed
from croze.paper.rank_run import rank_and_publish, ranked_criteria
from croze.paper.rank_table import Layout
from croze.ranking.columns import Column, ColumnSet
from croze.robustness.metrics import harmonic_robustness
from croze.truth import select
from croze.truth.nasbench201 import SPACE
from croze.truth.truth import Truth as GroundTruth

NAME = "table1"

DATASET = "cifar10"
"""What the paper's table is of."""

ATTACKS = ("fgsm", "pgd", "cw", "deepfool", "spsa", "lgv", "autoattack")

HARMONIC = {"hrs_fgsm": "fgsm", "hrs_pgd": "pgd"}
"""Columns that hold the HRS, the harmonic mean of a cell's clean accuracy and that under an attack."""


def table1(
    truth: Truth,
    dataset: DataSet = "cifar10",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Number of cells to draw.  [default: all]")
    ] = None,
    all_cells: AllCells = False,
    cells: Annotated[
        str, typer.Option(help="distinct: one cell per isomorphism class; all: every string.")
    ] = "distinct",
    epsilon: Annotated[
        str, typer.Option(help="Epsilon of the attacks in 1/255; NAS-RobBench-201 has 8 and 3.")
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

    --truth nas-robbench201:FILE?ids=META fills clean, FGSM, PGD, their HRS and AutoAttack. Columns of attacks
    that the ground truth lacks stay empty; a pool of `croze pool train` has the attacks of its evaluation.
    """
    terminal = console(json)
    criteria = ranked_criteria(proxies, out, page)
    known, layout = columns_of_table1(opened_truth(truth, dataset, terminal), epsilon)
    count = sample_of(sample, all_cells=all_cells)
    positions = select(known, count, seed, cells)
    kind = "distinct ones" if cells == "distinct" else "strings"
    rank_and_publish(
        criteria, known, layout, positions,
        drawn=f"all {kind}" if count is None else f"{kind} drawn with seed {seed}",
        title=f"Table 1 on {known.dataset}",
        about="Rank correlation of proxies of untrained networks with accuracies after adversarial "
        f"training: Table 1 of the paper, with the accuracies of {known.name} on {known.dataset} "
        f"and attacks at {epsilon}/255. The paper trained 500 cells of its own, which are not "
        "published.",
        given_size=given_size, data=data, batch_size=batch_size, sampling=sampling, seed=seed,
        score_seed=score_seed, resamples=resamples, channels=channels, cells_per_stage=cells_per_stage,
        workers=workers, out=out, page=page, json=json, terminal=terminal,
    )  # fmt: skip


def columns_of_table1(truth: GroundTruth, epsilon: str = "8") -> tuple[GroundTruth, Layout]:
    """The columns of Table 1 that a truth can fill, and the truth with the HRS of every cell.

    Args:
        truth: accuracies after adversarial training.
        epsilon: size of the attacks in 1/255, as in the names of the truth's columns. AutoAttack has one size
            in NAS-RobBench-201, 8/255, which takes its place whatever the size of the others.

    Raises:
        CrozeError: a truth of standard training, or one without a column of the table.
    """
    if truth.training == "standard":
        raise CrozeError(
            f"Table 1 is of adversarial training, {truth.name} of standard training: name "
            "nas-robbench201:FILE or a pool, or take `croze reproduce table2`."
        )
    raw = {"clean": "clean"}
    for attack in ATTACKS:
        sized = f"{attack}@{epsilon}"
        raw[attack] = attack if sized not in truth.columns and attack in truth.columns else sized
    columns = dict(truth.columns)
    for name, attack in HARMONIC.items():
        raw[name] = f"{name}@{epsilon}"
        if "clean" in columns and raw[attack] in columns:
            pairs = zip(columns["clean"].tolist(), columns[raw[attack]].tolist(), strict=True)
            columns[raw[name]] = np.array([harmonic_robustness(*pair) for pair in pairs])
    order = [name for name in printed(NAME).columns if name in raw]
    filled = tuple(Column(name, ((raw[name],),)) for name in order if raw[name] in columns)
    if not filled:
        raise CrozeError(
            f"{truth.name} fills no column of Table 1: expected clean, or an attack at {epsilon}/255 out of "
            f"{', '.join(ATTACKS)}, got {', '.join(truth.columns) or 'none'}."
        )
    empty = {}
    for name in order:
        needs = ["clean", raw[HARMONIC[name]]] if name in HARMONIC else [raw[name]]
        if raw[name] not in columns:
            lacking = " and ".join(need for need in needs if need not in columns)
            empty[name] = (
                f"{truth.name} as given has no {lacking}; its networks are not published, so hundreds of "
                "cells would have to be trained adversarially: GPU weeks"
            )
    comparable = (truth.space, truth.dataset) == (SPACE, DATASET)
    return replace(truth, columns=columns), Layout(NAME, ColumnSet("none", filled), empty, comparable)
